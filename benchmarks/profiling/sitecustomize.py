"""Starts cProfile in a gateway worker and writes what it saw when the worker ends.

Python imports a module of this name at its start when it finds one; `profile_worker.py` puts
this folder on the path of the processes it starts, and of no other.
"""

from __future__ import annotations

import atexit
import cProfile
import os
import sys

if "weighbridge.compose.worker" in sys.orig_argv:
    profile = cProfile.Profile()
    atexit.register(profile.dump_stats, os.environ["BENCH_PROFILE"])
    profile.enable()
