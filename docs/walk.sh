#!/bin/sh
# A developer's first minutes, with curl: sign up, make a key, read rows, page to the end, download, meet a limit.
# Usage: docs/walk.sh [URL] [DATASET] [FILTER] [BBOX]      (a running `make demo` by default)
set -eu
url=${1:-http://127.0.0.1:8000}
dataset=${2:-gaon-facilities}
filter=${3:-kind=도서관}
bbox=${4:-128.8,35.2,129.1,35.4}
python=$(dirname "$0")/../.venv/bin/python
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
field() { "$python" -c 'import json,sys; print(json.load(sys.stdin).get(sys.argv[1], ""))' "$1"; }
post() { curl -sS --fail-with-body -b "$here/cookies" -c "$here/cookies" -H 'Content-Type: application/json' -d "$2" "$url$1"; }

echo "1. sign up"
post /api/v1/people "{\"email\": \"walker-$$-$(date +%s)@example.org\", \"password\": \"a long enough secret\"}" >/dev/null
echo "2. make an application and a key"
application=$(post /api/v1/applications "{\"name\": \"walk $$ $(date +%s)\"}" | field id)
key=$(post "/api/v1/applications/$application/keys" '{}' | field key)

echo "3. rows with a filter and a box"
rows="$url/api/v1/datasets/$dataset/rows"
curl -sS --fail-with-body -G -H "Authorization: Bearer $key" "$rows" \
  --data-urlencode "$filter" --data "bbox=$bbox&limit=2&count=exact"
echo

echo "4. page by cursor to the end, every row once"
next="$rows?limit=1000"
while [ -n "$next" ]; do
  curl -sS --fail-with-body -H "Authorization: Bearer $key" "$next" >"$here/page.json"
  "$python" -c 'import json,sys; [print(row["_id"]) for row in json.load(open(sys.argv[1]))["items"]]' "$here/page.json" >>"$here/ids"
  next=$(field next <"$here/page.json")
done
echo "   $(wc -l <"$here/ids") rows, $(sort -u "$here/ids" | wc -l) different"

echo "5. download the snapshot and read it with DuckDB"
curl -sS --fail-with-body -H "Authorization: Bearer $key" -o "$here/all.parquet" "$url/api/v1/datasets/$dataset/download.parquet"
"$python" -c 'import duckdb,sys; print("  ", duckdb.sql("SELECT count(*) FROM read_parquet(%r)" % sys.argv[1]).fetchone()[0], "rows")' "$here/all.parquet"

echo "6. ask more than the plan allows"
n=0
while [ $n -lt 500 ]; do
  n=$((n + 1))
  status=$(curl -sS -o "$here/body" -D "$here/head" -w '%{http_code}' -H "Authorization: Bearer $key" "$rows?limit=1")
  [ "$status" = 429 ] && break
done
echo "   request $n of this step was answered $status:"
grep -iE '^(HTTP|retry-after|ratelimit|content-type)' "$here/head" | sed 's/^/   /'
sed 's/^/   /' "$here/body"
echo
[ "$status" = 429 ]
