//go:build unix

package proxy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/sso"
)

func TestProxyToken(t *testing.T) {
	a, err := Token("")
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := Token(""); a == b || len(a) < minToken {
		t.Errorf("tokens %q and %q", a, b)
	}
	file := filepath.Join(t.TempDir(), "token")
	first, err := Token(file)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("token file: %v %v, want 0600", info.Mode(), err)
	}
	if again, err := Token(file); err != nil || again != first {
		t.Errorf("second start: %q %v, want %q", again, err, first)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := Token(file); sso.Code(err) != "config" {
		t.Errorf("a file that others can read: %v", err)
	}
	for _, content := range []string{"", "short", "with a space, but long enough", "with:colon-is-no-basic-password"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Token(file); sso.Code(err) != "config" || content != "" && strings.Contains(err.Error(), content) {
			t.Errorf("file with %q: %v", content, err)
		}
	}
}
