#!/bin/sh
# Ends the shop as a crash would (if it runs), starts it again in the background, and returns:
# for --restart-command, and to start it at all. PORT is 8000 unless set. PHP has workers: all of its
# group end.
cd "$(dirname "$0")" || exit
[ ! -f shop.pid ] || kill -9 -- "-$(cat shop.pid)" 2>/dev/null
PHP_CLI_SERVER_WORKERS=4 setsid php -S "127.0.0.1:${PORT:-8000}" public/index.php >shop.log 2>&1 &
echo $! >shop.pid
