/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SSHRESCUE_TESTS_HOST_KEY_VECTORS_H
#define SSHRESCUE_TESTS_HOST_KEY_VECTORS_H

/* Keys made by ssh-keygen and openssl for these tests and used nowhere else. */

/* ssh-keygen -t ed25519 */
static const char key_ed[] __attribute__((unused)) =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACB4RHcDy/kcatCiPp/g0gp5JjaZUZpmzOD+EiBcC48H9gAAAJAdvBxUHbwc\n"
    "VAAAAAtzc2gtZWQyNTUxOQAAACB4RHcDy/kcatCiPp/g0gp5JjaZUZpmzOD+EiBcC48H9g\n"
    "AAAEBufxIQi+dEcebbYXQR9O71StF7nr3IvHjrQsA6k11n1HhEdwPL+Rxq0KI+n+DSCnkm\n"
    "NplRmmbM4P4SIFwLjwf2AAAACXJvb3RAdGVzdAECAwQ=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

/* the same with a passphrase */
static const char key_ed_enc[] __attribute__((unused)) =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAzuWvHyS\n"
    "+ru1RL7Oi9CL5jAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIE8kWZRUiR05F5qj\n"
    "4lwiOPl0p7sSGYTPOoqY0G4rfIgHAAAAkN9nbtlXX9Aqlwh+6XuWnRzsGa/TgfNjzMNyRT\n"
    "I00pWbkjIXl28pB9OIjL0Pq5fDXd2MqzVsEiwTVztOTYJ8CNaMogXxQ55uAyIIkiRFaRHO\n"
    "gfx6OWr5uExsl/o1zbeoEBs43FAibHqGDsgQf3WB92SvhDN1dtznrjBa1gXTfFX/35DCfA\n"
    "nYbZUeK5CRtqu1rw==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

/* openssl genpkey -algorithm ed25519 */
static const char key_ed_p8[] __attribute__((unused)) =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINQ9Fn8pzE9b651rS5D4EKSUMG3ExXiHULdGt31oD7v1\n"
    "-----END PRIVATE KEY-----\n";

/* ssh-keygen -t rsa -b 1024 */
static const char key_rsa[] __attribute__((unused)) =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAlwAAAAdzc2gtcn\n"
    "NhAAAAAwEAAQAAAIEArV2PDMcC5jFgjZlcmALfhnJLqBGsxdT5aqv+N3yu+DdcM6pwpjnj\n"
    "23HUNtpNokU3CEiCGdUUYmTeT3HdDFeyyCaoswaRLI7mE9v2d7uTsUu7m495H0PGszJqx3\n"
    "Qkn3f0bFgaGkCpeuGtRVcusMCrZTeVoN+xYy9pmAxsBEyDqI0AAAIAuUv9dLlL/XQAAAAH\n"
    "c3NoLXJzYQAAAIEArV2PDMcC5jFgjZlcmALfhnJLqBGsxdT5aqv+N3yu+DdcM6pwpjnj23\n"
    "HUNtpNokU3CEiCGdUUYmTeT3HdDFeyyCaoswaRLI7mE9v2d7uTsUu7m495H0PGszJqx3Qk\n"
    "n3f0bFgaGkCpeuGtRVcusMCrZTeVoN+xYy9pmAxsBEyDqI0AAAADAQABAAAAgQCgrxGybx\n"
    "Zx0xxBwf5/alJRI8iZy2AOsPpH84gZV7g4md8ciAIHH6rgr11ZRfckyvBZ/hKP7N4K4KDo\n"
    "k4mlMfeiYkktGF3uX23VwBYM60I0MotSMedE6xgrTaAwix8a4rH3Cf3k7aC0xrszKgrAqC\n"
    "DKj7TTdpHNbd7d8ISxq4AUoQAAAEEAwUiU1Mtyqa97Nyso5fJ6HP5lAqa1/koa6fUjVXg7\n"
    "d+kkVzomxe6wa0JUyBB4xBUeEKnBndqSGk5pDtqsgbONIgAAAEEA4RcsLfqwLcxO6mB/kw\n"
    "o5YwuLm4K+uqNhG8dWOUDMknmIHqBDMhXTpaqplqb+8KEPgmsYSKt9sVwLrp5Gvt81+QAA\n"
    "AEEAxSwLc8ktvnrev9BNSzAaSiMNHImV19SQI5iMEy/T4ijf6uFj3m2LVBmpe1h1wcFwM7\n"
    "ZusuAZ3OTvJvMXsihcNQAAAAlyb290QHRlc3Q=\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

/* the same key after ssh-keygen -p -m PEM */
static const char key_rsa_pem[] __attribute__((unused)) =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIICXgIBAAKBgQCtXY8MxwLmMWCNmVyYAt+GckuoEazF1Plqq/43fK74N1wzqnCm\n"
    "OePbcdQ22k2iRTcISIIZ1RRiZN5Pcd0MV7LIJqizBpEsjuYT2/Z3u5OxS7ubj3kf\n"
    "Q8azMmrHdCSfd/RsWBoaQKl64a1FVy6wwKtlN5Wg37FjL2mYDGwETIOojQIDAQAB\n"
    "AoGBAKCvEbJvFnHTHEHB/n9qUlEjyJnLYA6w+kfziBlXuDiZ3xyIAgcfquCvXVlF\n"
    "9yTK8Fn+Eo/s3grgoOiTiaUx96JiSS0YXe5fbdXAFgzrQjQyi1Ix50TrGCtNoDCL\n"
    "HxrisfcJ/eTtoLTGuzMqCsCoIMqPtNN2kc1t3t3whLGrgBShAkEA4RcsLfqwLcxO\n"
    "6mB/kwo5YwuLm4K+uqNhG8dWOUDMknmIHqBDMhXTpaqplqb+8KEPgmsYSKt9sVwL\n"
    "rp5Gvt81+QJBAMUsC3PJLb563r/QTUswGkojDRyJldfUkCOYjBMv0+Io3+rhY95t\n"
    "i1QZqXtYdcHBcDO2brLgGdzk7ybzF7IoXDUCQCI2LG/cn3SGjiQPgLRvpGNKePCt\n"
    "AaJKfNMFDDTthWpp8Gd/QldVe/K9KsOMJEmcoUfYUTuSXStc6yWiRuxx7rkCQQCe\n"
    "5CCSfSPU5VVOBAHVvnzhE6AESEetd0l0tgDjkV5RWZkgweNmIqbt7gQrNx0mN8lA\n"
    "kxpgIcIVxZOHssx8sJOlAkEAwUiU1Mtyqa97Nyso5fJ6HP5lAqa1/koa6fUjVXg7\n"
    "d+kkVzomxe6wa0JUyBB4xBUeEKnBndqSGk5pDtqsgbONIg==\n"
    "-----END RSA PRIVATE KEY-----\n";

/* ssh-keygen -t ecdsa */
static const char key_ec256[] __attribute__((unused)) =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n"
    "1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQUydbI1oiZsyPwutZGXoovfTVlHxbY\n"
    "Mvu99y+A+fwG0zMaMsA0aWJHbv+DwQs7KfIQ4SlzkGNWgSqbGp4sROpUAAAAqGnUlxxp1J\n"
    "ccAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBTJ1sjWiJmzI/C6\n"
    "1kZeii99NWUfFtgy+733L4D5/AbTMxoywDRpYkdu/4PBCzsp8hDhKXOQY1aBKpsanixE6l\n"
    "QAAAAhAPYYNwqCqwRqtk0kfaRbzGWdoardT86KdY3bKgS/ArJWAAAACXJvb3RAdGVzdAEC\n"
    "AwQFBg==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

/* the same key after ssh-keygen -p -m PEM */
static const char key_ec256_pem[] __attribute__((unused)) =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIPYYNwqCqwRqtk0kfaRbzGWdoardT86KdY3bKgS/ArJWoAoGCCqGSM49\n"
    "AwEHoUQDQgAEFMnWyNaImbMj8LrWRl6KL301ZR8W2DL7vfcvgPn8BtMzGjLANGli\n"
    "R27/g8ELOynyEOEpc5BjVoEqmxqeLETqVA==\n"
    "-----END EC PRIVATE KEY-----\n";

/* ssh-keygen -t ecdsa -b 384, PKCS#8 */
static const char key_ec384_p8[] __attribute__((unused)) =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDCzTxnMpb5N4t4DqUnu\n"
    "XcTgDThbxa/AJL6h9LFazhu08DDMfFK4bbQTHZNw5w0At9uhZANiAARertpSZJ7E\n"
    "I4M+qle1Terf9Yfew9EsPZ+Dar96hDgJttWIrzDENy0AE4IlIXnItAR4JiQGmUrE\n"
    "QJSFHm+Hxp3yewAmbwiAeHNyAcg89OSPmgdFpbASNCFWeTHgW3xUT78=\n"
    "-----END PRIVATE KEY-----\n";

/* ssh-keygen -t ecdsa -b 521 */
static const char key_ec521[] __attribute__((unused)) =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAArAAAABNlY2RzYS\n"
    "1zaGEyLW5pc3RwNTIxAAAACG5pc3RwNTIxAAAAhQQAuG5hOkJOIXU+Zrwsy4dOEmasWMUq\n"
    "eJgAsWovufwMWp+v1k9TPZ00X7Y9sW0gsLFBZsJKEtDyGmLUHLT4limhtZsAixTvw2vLvM\n"
    "YSgI1CzqWJ4X7TzFn3xr+N5IaLksB8n3CdsMRGdEQH6NB6pUMZ2NyWGyO/O1jhoGGI/kiz\n"
    "5QCk8vEAAAEICypxQwsqcUMAAAATZWNkc2Etc2hhMi1uaXN0cDUyMQAAAAhuaXN0cDUyMQ\n"
    "AAAIUEALhuYTpCTiF1Pma8LMuHThJmrFjFKniYALFqL7n8DFqfr9ZPUz2dNF+2PbFtILCx\n"
    "QWbCShLQ8hpi1By0+JYpobWbAIsU78Nry7zGEoCNQs6lieF+08xZ98a/jeSGi5LAfJ9wnb\n"
    "DERnREB+jQeqVDGdjclhsjvztY4aBhiP5Is+UApPLxAAAAQgDHaK6V6goBC183dGmG8yso\n"
    "9J4NP3qejjptse48v4idsuSQh/lsSiPnxA4LBPBE2imLI7vsuFQ2pocBqxHP7bW1swAAAA\n"
    "lyb290QHRlc3QB\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

/* ssh-keygen -t dsa */
static const char key_dsa[] __attribute__((unused)) =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABsgAAAAdzc2gtZH\n"
    "NzAAAAgQC7u4j3Vf4GUZ7kB51fs37qDy4CV22ccgd8va69Y8OypeO2BBoEWltPNXKNw20j\n"
    "PXZB3gKkgF1gT1fnBtrlVyJqdwHvYzYHnPAZHa2UZYIkmtbWRzz4Y0OrPypXqN82uxP11x\n"
    "1vwD6bhLdEWwnIljryNLVEkQl5ZJg7ci/BRK9QMwAAABUArgtI+A9LbnDAKqv2IQdotlT4\n"
    "a+cAAACANC98iTpAwsbeIreLEqu0kBU6GoprNho9U8nait6iUIwtFblrXHEPoGC93HAhVA\n"
    "/nnui66m1nqS2/9e/795CPxeO/Qqq8xwl8d4vrwbQ0GoIixAiQ1M9vRJuWh7zxcIGtcTs4\n"
    "1k26lISPryaCTjtMqHDtKVmge1E0hD3gxn8u7IsAAACBAKYFzUMjU7JcV1p+JrgEl0NLYy\n"
    "vEDvQLtxHbKC+vO71k3CT18G7FslPa5XTGDQU0LDDLMFQVwqvLBs57PxBfPCuSOvTgCxT9\n"
    "SP0fHVrFips1oiU8+5rXcl+5p18nF5sTTvWAbvcSH+hrWAWqh7GfIvEkPGaYD+qJz3AbzP\n"
    "ceKh24AAAB4D6l8mI+pfJiAAAAB3NzaC1kc3MAAACBALu7iPdV/gZRnuQHnV+zfuoPLgJX\n"
    "bZxyB3y9rr1jw7Kl47YEGgRaW081co3DbSM9dkHeAqSAXWBPV+cG2uVXImp3Ae9jNgec8B\n"
    "kdrZRlgiSa1tZHPPhjQ6s/Kleo3za7E/XXHW/APpuEt0RbCciWOvI0tUSRCXlkmDtyL8FE\n"
    "r1AzAAAAFQCuC0j4D0tucMAqq/YhB2i2VPhr5wAAAIA0L3yJOkDCxt4it4sSq7SQFToaim\n"
    "s2Gj1TydqK3qJQjC0VuWtccQ+gYL3ccCFUD+ee6LrqbWepLb/17/v3kI/F479CqrzHCXx3\n"
    "i+vBtDQagiLECJDUz29Em5aHvPFwga1xOzjWTbqUhI+vJoJOO0yocO0pWaB7UTSEPeDGfy\n"
    "7siwAAAIEApgXNQyNTslxXWn4muASXQ0tjK8QO9Au3EdsoL687vWTcJPXwbsWyU9rldMYN\n"
    "BTQsMMswVBXCq8sGzns/EF88K5I69OALFP1I/R8dWsWKmzWiJTz7mtdyX7mnXycXmxNO9Y\n"
    "Bu9xIf6GtYBaqHsZ8i8SQ8ZpgP6onPcBvM9x4qHbgAAAAUcwn9kQYWHScfE/PPSi9FEqp5\n"
    "a9EAAAAJcm9vdEB0ZXN0AQ==\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

/* of the first */
static const char key_ed_pub[] __attribute__((unused)) =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHhEdwPL+Rxq0KI+n+DSCnkmNplRmmbM4P4SIFwLjwf2 root@test\n";

/* of the RSA key */
static const char key_rsa_pub[] __attribute__((unused)) =
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCtXY8MxwLmMWCNmVyYAt+GckuoEazF1Plqq/43fK74N1wzqnCmOePbcdQ22k2i"
    "RTcISIIZ1RRiZN5Pcd0MV7LIJqizBpEsjuYT2/Z3u5OxS7ubj3kfQ8azMmrHdCSfd/RsWBoaQKl64a1FVy6wwKtlN5Wg37FjL2mY"
    "DGwETIOojQ== root@test\n";

/* of the ECDSA key */
static const char key_ec256_pub[] __attribute__((unused)) =
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBTJ1sjWiJmzI/C61kZeii99NWUf"
    "Ftgy+733L4D5/AbTMxoywDRpYkdu/4PBCzsp8hDhKXOQY1aBKpsanixE6lQ= root@test\n";

/* of the first, signed by the RSA key */
static const char certificate_of_ed[] __attribute__((unused)) =
    "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIPV5+PLF1hFvwG1"
    "iGkSiOOaAILoFwWfB30GrE9X2GUnTAAAAIHhEdwPL+Rxq0KI+n+DSCnkmNplRmmbM4P4SIFwLjwf2AAAAAAAAAAAAAAACAAAABGh"
    "vc3QAAAAPAAAAC2JveC5leGFtcGxlAAAAAAAAAAD//////////wAAAAAAAAAAAAAAAAAAAJcAAAAHc3NoLXJzYQAAAAMBAAEAAAC"
    "BAK1djwzHAuYxYI2ZXJgC34ZyS6gRrMXU+Wqr/jd8rvg3XDOqcKY549tx1DbaTaJFNwhIghnVFGJk3k9x3QxXssgmqLMGkSyO5hP"
    "b9ne7k7FLu5uPeR9DxrMyasd0JJ939GxYGhpAqXrhrUVXLrDAq2U3laDfsWMvaZgMbARMg6iNAAAAlAAAAAxyc2Etc2hhMi01MTI"
    "AAACAGtXpmy5W4FGHjZbdH/53WFEQRxPUqbkvi1baD3eb4SzVCFD80hBsDmoaK/JQn66m1t7HXUehnanBRVZ94WVqYoMVRDmrHMd"
    "LjgBNds0e7r/P7/MuoUHP2AKAGHoMT4sdcfNVpClgNJYM+cDpVtu3eAzvGuSqi/l29e/Ae01olAE= root@test\n";

#endif
