package cookiejar

import (
	"bufio"
	"net/url"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// headerValue joins cookies as RFC 6265 section 5.4 does, values as they are.
func headerValue(cs []Cookie) string {
	var b strings.Builder
	for i, c := range cs {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Name + "=" + c.Value)
	}
	return b.String()
}

// lineFor makes a writer of one line that holds the Cookie header for base. A jar
// decides which cookies belong there, so that an export sends no more than this
// library would.
func lineFor(base *url.URL, line func(header string) string) (func(*bufio.Writer, []Cookie) error, error) {
	if base == nil {
		return nil, autherr.New(autherr.ErrConfig, "cookiejar: this format needs the address that the cookies are for", "")
	}
	return func(w *bufio.Writer, cs []Cookie) error {
		j := New()
		j.Add(cs...)
		_, err := w.WriteString(line(j.Header(base)) + "\n")
		return err
	}, nil
}
