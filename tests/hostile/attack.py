# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of attacks, and what one is."""

import os
import signal

ATTACKS = []
BOTH = ("openat2", "walk")
ALL = ("openat2", "walk", "old-kernel", "sandbox", "unconfined")
# A root that must not be called reachable. "exit 8": it is refused as no root at all.
BROKEN = ("unreachable", "unknown", "exit 8")


class Background:
    """Somebody who changes the target while the program is at work."""

    def __init__(self, action, world):
        self.child = None
        if not action:
            return
        self.child = os.fork()
        if self.child == 0:
            try:
                action(world)
            finally:
                os._exit(1)

    def stop(self):
        if self.child:
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
            self.child = None


class Attack:
    def __init__(self, build, name, modes=BOTH, verdict=None, timeout=40, address_space=1 << 29, traced=True, quiet=True,
                 background=None, root=None, heavy=False, finds=None):
        self.build, self.name, self.modes, self.verdict, self.heavy = build, name, modes, verdict, heavy
        self.timeout, self.address_space, self.traced, self.quiet = timeout, address_space, traced, quiet
        self.background, self.finds = background, finds
        self.root_function = root

    def modes_today(self, long):
        """What takes long is done with one resolver in the daily run."""
        return self.modes[:1] if self.heavy and not long else self.modes

    def start_background(self, world):
        return Background(self.background, world)

    def root(self, world):
        return self.root_function(world) if self.root_function else world.root


def attack(name, **options):
    """Registers a function that makes a world hostile. What it returns, if anything, is a judge of its own: a function
    of the mode."""
    def register(build):
        ATTACKS.append(Attack(build, name, **options))
        return build
    return register
