#!/bin/sh
# From an empty folder to the first finding: sh …/express_shop/from-nothing.sh [options of the kit]
# Needs Node, npm, Python and this clone; KIT is what is installed of it, the clone or a wheel.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export POINTS_WEBHOOK_SECRET=made-up-for-tests-0123456789abcdef
export PORT="${PORT:-3000}"

npm install --silent --install-links "$here"
node node_modules/express-shop/naive.js &
trap 'kill $!' EXIT
python3 -m venv .venv
.venv/bin/pip install -q "${KIT:-$here/../..}"
.venv/bin/points-conformance consumer --url "http://127.0.0.1:$PORT/webhooks/points" \
    --state-url "/orders/{order_id}" "$@"
