# Whether the Authorization of a REGISTER is right (RFC 7616 §3.4), by OpenSSL's SHA-512/256: prints "right" or "wrong".
# The password is "secret".
field() {
	printf '%s' ",$SIP_HF_AUTHORIZATION" | sed 's/^,Digest /,/' | tr ',' '\n' | sed -n "s/^ *$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p"
}
hash() {
	printf '%s' "$1" | openssl dgst -sha512-256 | sed 's/.* //'
}
first=$(hash "$(field username):sip.test:secret")
case $(field algorithm) in
SHA-512-256) ;;
SHA-512-256-sess) first=$(hash "$first:$(field nonce):$(field cnonce)") ;;
*) echo wrong && exit ;;
esac
second=$(hash "REGISTER:$(field uri)")
expected=$(hash "$first:$(field nonce):$(field nc):$(field cnonce):$(field qop):$second")
if [ "$(field response)" = "$expected" ]; then echo right; else echo wrong; fi
