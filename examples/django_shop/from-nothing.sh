#!/bin/sh
# From an empty folder to the first finding: sh …/django_shop/from-nothing.sh [options of the kit]
# Needs Python and this clone; KIT is what is installed of it, the clone or a wheel.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
export POINTS_WEBHOOK_SECRET=made-up-for-tests-0123456789abcdef

python3 -m venv .venv
.venv/bin/pip install -q "django>=5.2,<6" "${KIT:-$here/../..}"
cp "$here/naive.py" .
.venv/bin/points-conformance consumer --app naive:application --url /webhooks/points \
    --state-url "/orders/{order_id}" "$@"
