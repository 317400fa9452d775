#!/bin/sh
# Ends the shop as a crash would (if it runs), starts it again in the background, and returns: for
# --restart-command, and to start it at all. PORT is 8000 unless set. It fails where what it
# started has ended again: shop.log says why.
cd "$(dirname "$0")" || exit
[ ! -f shop.pid ] || kill -s KILL -- "-$(cat shop.pid)" 2>/dev/null # with its children
python manage.py migrate --verbosity 0
setsid python manage.py runserver --noreload "127.0.0.1:${PORT:-8000}" >shop.log 2>&1 &
echo $! >shop.pid
sleep 0.5
kill -s 0 "$!"
