package wiretext

import "testing"

func TestLine(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"  a\t b\r\n c ", "a b c"},
		{"\x1b[31mred\x1b[0m", "[31mred[0m"},
		{"\u202eright to left\u200b", "right to left"},
		{"a\xffb\ufffdc", "abc"},
		{"zoë 你好 🔑", "zoë 你好 🔑"},
		{"123456789012345", "123456789012345"},
		{"1234567890123456", "123456789012345…"},
		{"12345678901234 6", "12345678901234 …"},
	} {
		if got := Line(tt.text, 15); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}
