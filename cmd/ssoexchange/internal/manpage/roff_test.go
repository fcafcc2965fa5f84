package manpage

import (
	"bytes"
	"testing"
)

func TestRoffText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"a --min-ttl, (-c) well-known", `a \-\-min\-ttl, (\-c) well-known` + "\n"},
		{`it's \n ^ ~ ` + "`x`", `it\(aqs \en \(ha \(ti \(gax\(ga` + "\n"},
		{".hidden", `\&.hidden` + "\n"},
		{"one\ntwo\n\nthree…", "one two\n.PP\nthree\\[u2026]\n"},
		{"  .a\n\n    b  --c\n", ".RS 4\n.nf\n\\&.a\n.fi\n.RE\n.PP\n.RS 4\n.nf\nb  \\-\\-c\n.fi\n.RE\n"},
		{"  a\n\tb", ".RS 4\n.nf\na\n  b\n.fi\n.RE\n"},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		if (roff{&b}).text(tt.in); b.String() != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.in, b.String(), tt.want)
		}
	}
}
