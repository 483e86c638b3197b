"""`launch.py TIMES COMMAND…`: run a command, and print seconds and peak memory of each run as JSON.

Linux counts into a process's peak the memory of whoever started it, up to the moment the program
itself begins. So the starter must be smaller than what it measures: this file, run with `-I -S`.
"""

import json
import os
import sys
import time

times, command = int(sys.argv[1]), sys.argv[2:]
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
for _ in range(times):
    began = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"{command} ended with status {os.waitstatus_to_exitcode(status)}")
    print(json.dumps([seconds, usage.ru_maxrss * 1024 / 1e6, usage.ru_utime + usage.ru_stime]))
