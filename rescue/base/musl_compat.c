/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Debian's static libraries, which are built for glibc with _FORTIFY_SOURCE, need and musl lacks. Where the
 * program is built for glibc there is nothing to do.
 */
#include <features.h>

#ifndef __GLIBC__

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Glibc's names (debug/ in its source). The checks that they would make belong to the compiler that used them. */
void __explicit_bzero_chk(void *buffer, size_t size, size_t buffer_size);
void __explicit_bzero_chk(void *buffer, size_t size, size_t buffer_size)
{
	if (size > buffer_size)
		abort();
	explicit_bzero(buffer, size);
}

/* For traces of expat and dumps of libmnl, which nothing here asks for. */
int __fprintf_chk(FILE *stream, int flag, const char *format, ...) __attribute__((format(printf, 3, 4)));
int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
	va_list arguments;
	int r;

	(void)flag;
	va_start(arguments, format);
	r = vfprintf(stream, format, arguments);
	va_end(arguments);
	return r;
}

/*
 * libsodium: without these two, the linker takes them from objects that pull in the whole library (130 KiB) by way of
 * sodium_init(). Nothing here calls what needs them: keys are made from a seed (rescue/keygen.c), hashes need neither.
 */
void sodium_misuse(void);
void sodium_misuse(void)
{
	abort();
}

void randombytes_buf(void *const buffer, const size_t size);
void randombytes_buf(void *const buffer, const size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t count = getrandom((unsigned char *)buffer + done, size - done, 0);

		if (count < 0)
			abort();
		done += (size_t)count;
	}
}

/* For the salt of expat's hash tables. */
void arc4random_buf(void *buffer, size_t size);
void arc4random_buf(void *buffer, size_t size)
{
	randombytes_buf(buffer, size);
}

#else

/* ISO C wants something in a file. */
extern int musl_compat_is_for_musl;

#endif
