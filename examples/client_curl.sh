#!/bin/sh
# Cancel or refund an order once with curl, and say truthfully what came of it.
#
# The API has no idempotency key, so what may have been carried out is never sent again. Exit
# status: 0 done once, 10 refused by the API, 11 unknown (wait for the webhook, or ask a person).
#
#   points-conformance client --command "sh examples/client_curl.sh"
set -u

said() {
    echo "$1"
    exit "$2"
}

# A JSON string of $1, cut at 500 characters (not bytes) as the API wants it.
json_text() {
    tab=$(printf '\t')
    cr=$(printf '\r')
    printf '%s' "$1" | tr -d '\000-\010\013\014\016-\037' | LC_ALL=C.UTF-8 sed \
        -e ':a' -e '$!{' -e 'N' -e 'ba' -e '}' \
        -e 's/^\(.\{250\}.\{250\}\).*$/\1/' \
        -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e "s/$tab/\\\\t/g" -e "s/$cr/\\\\r/g" -e 's/\n/\\n/g'
}

# What is not given is absent. The amount is a number with the decimals it was given with.
body_of() {
    comma=''
    printf '{'
    if [ -n "${POINTS_AMOUNT:-}" ]; then
        printf '"amount": %s' "$POINTS_AMOUNT"
        comma=', '
    fi
    if [ -n "${POINTS_REASON:-}" ]; then
        printf '%s"reason": "%s"' "$comma" "$(json_text "$POINTS_REASON")"
    fi
    printf '}'
}

# One POST. The status goes to standard output; curl's exit status says why there is none.
# -q: no configuration but this one; the key comes by a pipe, where no process list shows it. No
# redirect is followed: the key is for this host alone.
send() {
    printf 'header = "x-api-key: %s"\n' "$POINTS_API_KEY" |
        curl -q --config - --silent --noproxy '*' --max-time 10 --request POST \
            --header 'Content-Type: application/json' --header 'Expect:' \
            --data-binary "@$folder/request" --dump-header "$folder/headers" \
            --output "$folder/answer" --write-out '%{http_code}' "$url"
}

# Seconds to wait as Retry-After says, a number or a date; 0 where it says nothing.
told_to_wait() {
    value=$(sed -n 's/^[Rr]etry-[Aa]fter:[[:space:]]*//p' "$folder/headers" | tr -d '\r')
    case $value in
    '') echo 0 ;;
    *[!0-9]*)
        at=$(date -u -d "$value" +%s 2>/dev/null ||
            date -j -u -f '%a, %d %b %Y %H:%M:%S GMT' "$value" +%s 2>/dev/null ||
            echo 9999999999)
        wait=$((at - $(date +%s)))
        if [ "$wait" -gt 0 ]; then echo "$wait"; else echo 0; fi
        ;;
    *) echo "$value" ;;
    esac
}

# Whether the answer is whole and shows this order with one of the statuses given.
shows() {
    flat=$(tr -d '[:space:]' <"$folder/answer")
    opened=$(printf '%s' "$flat" | tr -cd '{' | wc -c)
    closed=$(printf '%s' "$flat" | tr -cd '}' | wc -c)
    [ "$opened" -eq "$closed" ] || return 1
    case $flat in '{'*'}') ;; *) return 1 ;; esac
    case $flat in *'"status":false'*) return 1 ;; *'"status":true'*) ;; *) return 1 ;; esac
    lower=$(printf '%s' "$flat" | tr '[:upper:]' '[:lower:]')
    uuid=$(printf '%s' "$POINTS_ORDER_UUID" | tr '[:upper:]' '[:lower:]')
    case $lower in *'"uuid":"'"$uuid"'"'*) ;; *'"uuid":'*) return 1 ;; esac
    for status in "$@"; do
        case $flat in *'"order_status":"'"$status"'"'*) return 0 ;; esac
    done
    return 1
}

case ${POINTS_AMOUNT:-0} in *[!0-9.]* | .* | *. | *.*.*) said "no amount: $POINTS_AMOUNT" 2 ;; esac
url=${POINTS_BASE_URL%/}/orders/$POINTS_ORDER_UUID/$POINTS_OPERATION
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
body_of >"$folder/request"

# Again only after 429 or without a connection (7): both were certainly not carried out.
last=$(($(date +%s) + 20))
for backoff in 1 2 0; do
    : >"$folder/headers"
    code=$(send)
    why=$?
    [ "$why" -eq 0 ] && [ "$code" != 429 ] && break
    [ "$why" -eq 0 ] || [ "$why" -eq 7 ] || said unknown 11
    pause=$(told_to_wait)
    [ "$pause" -ge "$backoff" ] || pause=$backoff
    [ "$backoff" -gt 0 ] && [ $(($(date +%s) + pause)) -lt "$last" ] || said unknown 11
    sleep "$pause"
done

case $POINTS_OPERATION${POINTS_AMOUNT:+-part} in
cancel) goals='cancelled' ;;
refund) goals='fully_refunded' ;;
*) goals='partially_refunded fully_refunded' ;;
esac
case $code in
200) # shellcheck disable=SC2086 # several words
    shows $goals && said 'done' 0 ;;
408) ;;
4??) said refused 10 ;;
esac
said unknown 11
