#!/bin/sh
# Ends the shop as a crash would (if it runs), starts it again in the background, and returns: for
# --restart-command, and to start it at all. PORT is 3000 unless set. It fails where what it
# started has ended again: shop.log says why.
cd "$(dirname "$0")" || exit
if [ -f shop.pid ]; then
    group="-$(cat shop.pid)" # with its children
    kill -s KILL -- "$group" 2>/dev/null
    # Until they are gone, and the port with them: at most 2 s.
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -s 0 -- "$group" 2>/dev/null && sleep 0.2; done
fi
setsid node server.js >shop.log 2>&1 &
echo $! >shop.pid
sleep 0.5
kill -s 0 "$!"
