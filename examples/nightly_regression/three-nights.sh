#!/bin/sh
# Three nights in a minute, in an empty folder. The server is the sandbox of this machine; before
# the third night it is "released" anew, and answers differently where the pages leave it open.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
port=${PORT:-8787}

# Starts the server with a dialect: how it reads what the pages leave open.
release() {
    [ -z "${pid:-}" ] || { kill "$pid"; wait "$pid" || :; }
    points-conformance serve --port "$port" --dialect "$1" >serve.log 2>&1 &
    pid=$!
    until grep -q "^curl" serve.log; do
        kill -0 "$pid" # it has not ended
        sleep 0.1
    done
    eval "$(grep "^export POINTS_" serve.log)" # address and keys
}
trap 'kill "$pid"' EXIT

release default
sh "$here/nightly.sh" "$POINTS_BASE_URL" "$@"
echo "first night: exit $?"
sh "$here/nightly.sh" "$POINTS_BASE_URL" "$@"
echo "second night: exit $?"
release lenient
sh "$here/nightly.sh" "$POINTS_BASE_URL" "$@" || status=$?
echo "third night: exit ${status:-0}"
exit "${status:-0}"
