package apicall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxHeld bounds an answer that is held in memory, to be indented or to find the next page, in bytes.
const maxHeld = 64 << 20

// WriteHead writes the status line and the headers of an answer. Of cookies only the names are shown.
func WriteHead(w io.Writer, resp *http.Response) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s\n", resp.Proto, printable(resp.Status))
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		for _, value := range resp.Header[name] {
			if name == "Set-Cookie" {
				cookie, _, named := strings.Cut(value, "=")
				if value = "[redacted]"; named {
					value = cookie + "=[redacted]"
				}
			}
			fmt.Fprintf(&b, "%s: %s\n", name, printable(value))
		}
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

// printable leaves out what would do more to a terminal than to be shown.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

// WriteBody copies the body of an answer to w as it comes; if indent, JSON of a size that can be held
// is indented. It returns the body if keep is true and it was held.
func WriteBody(w io.Writer, resp *http.Response, indent, keep bool) (body []byte, err error) {
	if !indent && !keep {
		_, err := io.Copy(w, resp.Body)
		return nil, err
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxHeld+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxHeld {
		if _, err := w.Write(body); err != nil {
			return nil, err
		}
		_, err = io.Copy(w, resp.Body)
		return nil, err
	}
	shown := body
	var b bytes.Buffer
	if indent && json.Indent(&b, body, "", "  ") == nil {
		shown = b.Bytes()
	}
	if indent && len(shown) > 0 && !bytes.HasSuffix(shown, []byte("\n")) && json.Valid(body) {
		shown = append(slices.Clip(shown), '\n')
	}
	_, err = w.Write(shown)
	return body, err
}
