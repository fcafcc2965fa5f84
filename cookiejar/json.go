package cookiejar

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// wireCookie is a Cookie in JSON.
type wireCookie struct {
	Name     string     `json:"name"`
	Value    string     `json:"value"`
	Bytes    string     `json:"valueBase64,omitempty"` // instead of value if that is not UTF-8
	Domain   string     `json:"domain"`
	Path     string     `json:"path"`
	Expires  *time.Time `json:"expires"`
	Secure   bool       `json:"secure"`
	HTTPOnly bool       `json:"httpOnly"`
	SameSite string     `json:"sameSite"`
	HostOnly bool       `json:"hostOnly"`
}

// MarshalJSON encodes the cookie, value included, as
//
//	{"name","value","domain","path","expires","secure","httpOnly","sameSite","hostOnly"}
//
// with expires in RFC 3339 or null. A value that is not UTF-8, which some gateways
// send, is in "valueBase64" and "value" is empty.
func (c Cookie) MarshalJSON() ([]byte, error) {
	wire := wireCookie{
		Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path,
		Secure: c.Secure, HTTPOnly: c.HttpOnly, SameSite: c.SameSite, HostOnly: c.HostOnly,
	}
	if !utf8.ValidString(c.Value) {
		wire.Value, wire.Bytes = "", base64.StdEncoding.EncodeToString([]byte(c.Value))
	}
	if expires := canonicalExpires(c.Expires); !expires.IsZero() {
		wire.Expires = &expires
	}
	return encode(wire, "")
}

// UnmarshalJSON reads what MarshalJSON writes, and refuses what [Write] refuses.
func (c *Cookie) UnmarshalJSON(data []byte) error {
	var wire wireCookie
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	read := Cookie{
		Name: wire.Name, Value: wire.Value, Domain: wire.Domain, Path: wire.Path,
		Secure: wire.Secure, HttpOnly: wire.HTTPOnly, SameSite: wire.SameSite, HostOnly: wire.HostOnly,
	}
	if wire.Bytes != "" {
		value, err := base64.StdEncoding.DecodeString(wire.Bytes)
		if err != nil {
			return refuse("the value of a cookie is not base64")
		}
		read.Value = string(value)
	}
	if wire.Expires != nil {
		read.Expires = *wire.Expires
	}
	read, err := check(read)
	if err == nil {
		*c = read
	}
	return err
}

// ReadJSON reads the array that [Write] makes in the format [JSON]. At most 16 MiB
// and [MaxCookies] cookies are read. Created is not in the file and stays zero. A cookie
// without the attributes that its __Secure- or __Host- promises is left out.
func ReadJSON(r io.Reader) ([]Cookie, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var out []Cookie
	if err := json.Unmarshal(data, &out); err != nil {
		// The decoder's own words may quote what it read.
		return nil, &autherr.Error{
			Kind: autherr.ErrConfig, Text: "cookiejar: not a JSON array of cookies",
			Hint: "expected is what the format json writes",
		}
	}
	if len(out) > MaxCookies {
		return nil, refuse("more than %d cookies", MaxCookies)
	}
	for i := range out {
		if out[i].Name == "" { // null leaves the zero Cookie
			return nil, refuse("cookie %d of the array is null", i+1)
		}
	}
	return slices.DeleteFunc(out, func(c Cookie) bool { return !keepsPrefix(c) }), nil
}

func writeJSON(w *bufio.Writer, cs []Cookie) error {
	if cs == nil {
		cs = []Cookie{}
	}
	return writeDocument(w, cs)
}

// writeDocument writes v indented and with & < > as they are.
func writeDocument(w *bufio.Writer, v any) error {
	data, err := encode(v, "  ")
	if err == nil {
		_, err = w.Write(append(data, '\n'))
	}
	return err
}

func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
