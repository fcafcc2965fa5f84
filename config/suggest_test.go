package config

import "testing"

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{
		"MFATyp": "MFAType", "mfa tpye": "MFAType", "Pasword": "Password", "PasswordCommnad": "PasswordCommand", "ULR": "URL",
		"SSOLoginUrls": "SSOLoginURL", "UR": "", "URLs": "URL", "hunter2": "", "": "", "x": "", "Usr": "User", "Passphrase": "",
	} {
		if got := nearest(word, names); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"abc", "acb", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"same", "same", 0}} {
		if got := editDistance(tt.a, tt.b); got != tt.want || editDistance(tt.b, tt.a) != tt.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
