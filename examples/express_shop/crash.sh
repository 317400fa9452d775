#!/bin/sh
# Ends the shop as a crash would (if it runs), starts it again in the background, and returns:
# for --restart-command, and to start it at all. PORT is 3000 unless set.
cd "$(dirname "$0")" || exit
[ ! -f shop.pid ] || kill -9 "$(cat shop.pid)" 2>/dev/null
setsid node server.js >shop.log 2>&1 &
echo $! >shop.pid
