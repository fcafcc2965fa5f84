package passkey

import (
	"encoding/base64"
	"fmt"
)

// Types of clientDataJSON, section 5.8.1.
const (
	typeCreate = "webauthn.create"
	typeGet    = "webauthn.get"
)

// clientData serialises the client data as section 5.8.1.1 says, byte for byte, so that a
// verifier that compares prefixes (section 5.8.1.2) accepts it. What is returned is signed
// and sent as it is; encoding/json would escape more and in another way.
func clientData(kind string, challenge []byte, origin string) []byte {
	out := []byte(`{"type":`)
	out = appendString(out, kind)
	out = append(out, `,"challenge":`...)
	out = appendString(out, base64.RawURLEncoding.EncodeToString(challenge))
	out = append(out, `,"origin":`...)
	out = appendString(out, origin)
	return append(out, `,"crossOrigin":false}`...)
}

// appendString is CCDToString of section 5.8.1.1.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < 0x20:
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
