#!/usr/bin/env bash
# Check an evidence bundle with bash 4, sha256sum and openssl 3 alone. Run it in the unpacked folder:
#
#   bash check.sh [--key FINGERPRINT] [--head HASH] [--root FILE]
#
# FINGERPRINT is the SHA-256 of the signing key that the merchant publishes. HASH is the hash of a signed head that you
# kept elsewhere. FILE holds the root certificate (PEM) that the timestamp authority publishes. Ends with 0: nothing is wrong and nothing is missing; 1: something is wrong, and a sentence says what;
# 2: it could not be checked; 3: nothing is wrong, but the bundle does not show that no fact was left out.
set -u
LC_ALL=C
export LC_ALL
fail() { printf 'FAILED: %s\n' "$1" >&2; exit 1; }
stop() { printf 'NOT CHECKED: %s\n' "$1" >&2; exit 2; }
is_signed() { openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$2" -sigfile "$3" >/dev/null 2>&1; }
digest() { local line; line=$(sha256sum); printf %s "${line%% *}"; }

((BASH_VERSINFO[0] >= 4)) || stop "this bash is too old: version 4 is needed."
shopt -s dotglob globstar nullglob

wanted_key='' wanted_head='' wanted_root=''
while (($#)); do
  case $1 in
    --key) wanted_key=${2-} ;;
    --head) wanted_head=${2-} ;;
    --root) wanted_root=${2-} ;;
    *) stop "usage: bash check.sh [--key FINGERPRINT] [--head HASH] [--root FILE]" ;;
  esac
  [[ $1 != --root || -f ${2-} ]] || stop "$1 needs a file."
  [[ $1 == --root || ${2-} =~ ^[0-9a-fA-F:]{64,95}$ ]] || stop "$1 needs a SHA-256 in hexadecimal digits."
  shift 2
done
for tool in sha256sum openssl; do
  command -v "$tool" >/dev/null || stop "$tool is not installed."
done
openssl pkeyutl -help 2>&1 | { rawin=; while read -r word _; do [[ $word == -rawin ]] && rawin=1; done; [[ $rawin ]]; } ||
  stop "this openssl is too old: version 3 is needed."

# 1. The files: each is listed, none is added, all are those that were signed
for file in public-key.pem SHA256SUMS SHA256SUMS.sig STATEMENT STATEMENT.sig CHAIN; do
  [[ -f $file && ! -L $file ]] || fail "$file is missing."
done
is_signed public-key.pem SHA256SUMS SHA256SUMS.sig || fail "the list of files (SHA256SUMS) was not signed by public-key.pem."
is_signed public-key.pem STATEMENT STATEMENT.sig || fail "STATEMENT was not signed by public-key.pem."
sha256sum --quiet --strict --check SHA256SUMS >/dev/null 2>&1 || fail "a file was changed or is missing since the bundle was made."
declare -A listed=([SHA256SUMS]=1 [SHA256SUMS.sig]=1 [STATEMENT]=1 [STATEMENT.sig]=1)
table_lines=''
while read -r hash file; do
  [[ -z ${listed[$file]-} ]] || fail "$file is listed twice."
  listed[$file]=$hash
  case $file in
    [01][0-9]_*.json | certificate.* | schema/*) table_lines+="$hash  $file"$'\n' ;;
    README.txt | CHAIN | check.sh | public-key.pem | facts/*.json | heads/*.json | heads/*.sig | heads/*.tsr | heads/*.pem) ;;
    *) fail "$file is not a file that a bundle has: it was added." ;;
  esac
done < SHA256SUMS
for file in **; do
  [[ ! -L $file ]] || fail "$file is a link: a bundle has none."
  [[ -d $file || -n ${listed[$file]-} ]] || fail "$file is not a file of this bundle: it was added."
done

# 2. The key
line=$(openssl pkey -pubin -in public-key.pem -outform DER | sha256sum)
fingerprint=${line%% *}
wanted_key=${wanted_key//:/}
[[ -z $wanted_key || ${wanted_key,,} == "$fingerprint" ]] ||
  fail "the bundle was signed with another key ($fingerprint) than the one you gave."

# 3. The statement
declare -A stated=()
while read -r name value; do
  [[ -z ${stated[$name]-} ]] || fail "STATEMENT says $name twice."
  stated[$name]=$value
done < STATEMENT
[[ ${stated[format]-} == evidence-statement/1 ]] || stop "this script does not know the format of STATEMENT."
[[ ${stated[sums]-} == "$(digest < SHA256SUMS)" ]] || fail "SHA256SUMS is not the list of files that STATEMENT is about."
request=${stated[request]-}

# 4. The facts: each has its hash, and they stand in the order of the chain
fact_end=',"fact":"([a-z_.]+)","request_id":"([^"]*)","seq":([0-9]+),"shop":"[^"]*","subject":"[^"]*"}$'
declare -A hash_of_row=() row_of_hash=()
rows=0 own=0 first_row=0 first_hash='' last_row=0 last_hash='' gaps=0
first_fact='' last_own_fact='' last_own_text='' certificate_fact='' own_lines='' own_lines_before=''
while read -r before hash file; do
  [[ -f $file && -n ${listed[$file]-} ]] || fail "$file is named in CHAIN and is not in the bundle."
  text=$(< "$file")
  [[ $(printf %s "$before$text" | digest) == "$hash" ]] || fail "$file does not have the hash that CHAIN lists: it was changed."
  [[ $text =~ $fact_end ]] || fail "$file is no fact."
  fact=${BASH_REMATCH[1]} fact_request=${BASH_REMATCH[2]} row=${BASH_REMATCH[3]}
  ((row > last_row)) || fail "the facts are not in order: row $row stands after row $last_row."
  printf -v path 'facts/%06d.json' "$row"
  [[ $file == "$path" ]] || fail "$file holds the fact of row $row."
  if ((rows)) && { ((row == last_row + 1)) && [[ $before != "$last_hash" ]]; }; then
    fail "row $row does not continue row $last_row: a fact was changed and its hash made anew."
  fi
  if ((rows)) && ((row != last_row + 1)); then
    [[ ${stated[complete]-} != yes ]] || fail "a fact is missing between row $last_row and row $row."
    ((gaps += 1))
  fi
  ((rows += 1))
  ((rows > 1)) || first_row=$row first_hash=$hash first_fact="$fact $fact_request"
  last_row=$row last_hash=$hash hash_of_row[$row]=$hash row_of_hash[$hash]=$row
  if [[ $fact_request == "$request" ]]; then
    ((own += 1))
    own_lines_before=$own_lines
    own_lines+="$before $hash $file"$'\n'
    last_own_fact=$fact last_own_text=$text
    [[ $fact != certificate.issued ]] || certificate_fact=$text
  elif [[ ${stated[complete]-} != yes ]]; then
    fail "$file is a fact of another request."
  fi
done < CHAIN
for file in facts/*; do
  row=${file#facts/} row=${row%.json}
  [[ $row =~ ^[0-9]+$ && -n ${hash_of_row[$((10#$row))]-} ]] || fail "$file is not in CHAIN."
done
((rows)) || fail "the bundle has no facts."
[[ $first_fact == "request.opened $request" ]] ||
  fail "the first facts are missing: the bundle does not begin with the opening of request $request."
[[ $last_own_fact == evidence.exported ]] || fail "the last facts are missing: the bundle does not end with its own export."
[[ "${stated[first]-}" == "$first_row $first_hash" ]] || fail "the first fact is not the one that was signed."
[[ "${stated[last]-}" == "$last_row $last_hash" ]] || fail "the last fact is not the one that was signed."
[[ "${stated[facts]-}" == "$own of $rows" ]] || fail "the number of facts is not the one that was signed."

# 5. The tables, the certificate and the request's facts are those that the chain recorded when they were exported
contents=$(printf %s "$own_lines_before$table_lines" | digest)
[[ $last_own_text == *"\"contents_sha256\":\"$contents\""* ]] ||
  fail "a table, the certificate or a fact of the request is not the one whose export the chain recorded."

# 6. The certificate is of this request, and the newest
certificate_key=''
if [[ -n ${listed[certificate.json]-} ]]; then
  text=$(< certificate.json)
  [[ $text == *"\"request_id\":\"$request\""* ]] || fail "the certificate is of another request than $request."
  signature=$(openssl base64 -A -in certificate.sig)
  [[ $certificate_fact == *"\"signature\":\"$signature\""* ]] ||
    fail "the certificate is not the newest of the request: the chain recorded the issue of another one."
  [[ $text =~ \"head_hash\":\"([0-9a-f]{64})\" ]] && [[ -n ${row_of_hash[${BASH_REMATCH[1]}]-} ]] ||
    fail "the certificate was made from facts that are not in this bundle."
  is_signed public-key.pem certificate.json certificate.sig || certificate_key=another
elif [[ -n $certificate_fact ]]; then
  fail "the chain recorded a certificate, and the bundle has none."
fi

# 7. The signed heads
covered=no
for file in heads/*.json; do
  key=${file%.json}.pem
  [[ -f $key ]] || key=public-key.pem
  is_signed "$key" "$file" "${file%.json}.sig" || fail "the signature of $file is not of $key."
  text=$(< "$file")
  [[ $text =~ \"hash\":\"([0-9a-f]{64})\".*\"seq\":([0-9]+) ]] || fail "$file is no signed head."
  hash=${BASH_REMATCH[1]} row=${BASH_REMATCH[2]}
  [[ -z ${hash_of_row[$row]-} || ${hash_of_row[$row]} == "$hash" ]] ||
    fail "$file was signed over another fact than row $row of this bundle."
  [[ $key != public-key.pem || $row != "$last_row" ]] || covered=yes
done
if [[ ${stated[complete]-} == yes && $covered == no ]]; then
  fail "no signed head is about the last fact of the bundle: the head is an old one."
fi
wanted_head=${wanted_head,,}
[[ -z $wanted_head || -n ${row_of_hash[$wanted_head]-} ]] ||
  fail "no fact of the bundle has the hash of the head that you kept: it is older, or of another chain."

# 8. The timestamps: each was signed by the authority whose root certificate you gave, else by that of the bundle
month_names=JanFebMarAprMayJunJulAugSepOctNovDec
time_line=$'\nTime stamp: ([A-Z][a-z]{2}) +([0-9]+) ([0-9]{2}):([0-9]{2}):([0-9]{2})[.0-9]* ([0-9]{4}) GMT\n'
# Set `seconds` since 1970, and `time` as openssl writes it, of the timestamp whose text this is.
read_time() {
  [[ $1 =~ $time_line ]] || return 1
  time=${BASH_REMATCH[0]#*: } time=${time%$'\n'}
  local months=${month_names%%"${BASH_REMATCH[1]}"*} day=$((10#${BASH_REMATCH[2]})) year=${BASH_REMATCH[6]}
  local month=$((${#months} / 3 + 1)) of_day=$(((10#${BASH_REMATCH[3]} * 60 + 10#${BASH_REMATCH[4]}) * 60 + 10#${BASH_REMATCH[5]}))
  # A year is counted from March, so that a leap day is its last.
  ((month > 2)) || ((year -= 1, month += 12))
  seconds=$(((year * 365 + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 719469) * 86400 + of_day))
}
root=${wanted_root:-heads/timestamp-root.pem} times='' unchecked=''
for file in heads/*.tsr; do
  head=${file%.tsr}.json
  [[ -f $head ]] || fail "$file is the timestamp of a head that is not in the bundle."
  if [[ ! -f $root ]]; then
    unchecked+=" $file"
    continue
  fi
  text=$(openssl ts -reply -in "$file" -text 2>/dev/null)
  text=${text##*$'\nTST info:'} # what stands before it is not signed
  [[ $text == *$'\nHash Algorithm: sha256\n'* ]] && read_time "$text" || fail "$file is no timestamp of a SHA-256."
  openssl ts -verify -attime "$seconds" -data "$head" -in "$file" -CAfile "$root" >/dev/null 2>&1 ||
    fail "$file is not a timestamp of $head that an authority of $root signed."
  times+="Timestamp: an authority of $root saw $head at $time."$'\n'
done
[[ -z $wanted_root || -n $times ]] || stop "the bundle has no timestamp to check with $wanted_root."

# 9. What was found
printf 'Request %s: %s facts of it, %s facts in the bundle, rows %s to %s.\n' "$request" "$own" "$rows" "$first_row" "$last_row"
printf 'Signing key: %s\n' "$fingerprint"
[[ -n $wanted_key ]] || echo "NOTE: compare this key with the one that the merchant publishes (--key): whoever makes a key can sign a bundle with it."
[[ ! $last_own_text =~ \"at\":\"([^\"]*)\",\"detail\" ]] || printf 'Made at: %s\n' "${BASH_REMATCH[1]}"
printf 'Last fact: %s\n' "$last_hash"
[[ -n $wanted_head ]] || echo "NOTE: no head that you kept was compared (--head): who holds the key could have written another chain."
printf %s "$times"
[[ -z $times || -n $wanted_root ]] ||
  echo "NOTE: compare $root with the root certificate that the timestamp authority publishes (--root): whoever makes a certificate can sign a timestamp with it."
[[ -z $unchecked ]] || echo "NOTE: not checked without the root certificate of the timestamp authority (--root):$unchecked."
[[ -z $certificate_key ]] ||
  stop "the certificate that the chain recorded is of another key than public-key.pem: if the merchant changed the key since, check it with the key of that day."
if [[ ${stated[complete]-} != yes ]]; then
  echo "NOT COMPLETE: nothing is wrong, but $gaps gaps between the facts are not shown to be of other requests, and no signed head covers the end."
  exit 3
fi
echo "PASSED: nothing is wrong, and no fact is missing between the opening of the request and the signed head."
