#!/bin/sh
# Ends the shop as a crash would (if it runs), starts it again in the background, and returns: for
# --restart-command, and to start it at all. PORT is 8000 unless set.
cd "$(dirname "$0")" || exit
[ ! -f shop.pid ] || kill -9 "$(cat shop.pid)" 2>/dev/null
setsid python -m uvicorn shop.web:app --port "${PORT:-8000}" >shop.log 2>&1 &
echo $! >shop.pid
