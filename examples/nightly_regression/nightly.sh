#!/bin/sh
# Judges the server tonight, and says what changed since the last night. Exit status: 0 all is well
# and as it was; 1 a rule is broken, or something got worse or is read differently; 2 nothing is known.
#
#   sh nightly.sh http://127.0.0.1:8787 [options of points-conformance api]
set -u
cd "${NIGHTLY_DIR:-.}" || exit 2
server=$1
shift

points-conformance api --base-url "$server" --report-dir tonight "$@"
judged=$? # 1 is a finding, and what changed counts all the same; after 2 and 3 nothing is known
[ "$judged" -le 1 ] || exit "$judged"

changed=0
if [ -f last/report.json ]; then
    points-conformance diff last/report.json tonight/report.json --markdown changes.md
    changed=$? # 1 is worse, or another reading of what the pages leave open; 2 cannot be compared
fi

# Tonight is the next night's "last", red or not: a change is told once, a broken rule every night.
rm -rf before-last
[ ! -d last ] || mv last before-last
mv tonight last
[ "$judged" -ne 0 ] && exit "$judged"
exit "$changed"
