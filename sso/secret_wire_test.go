package sso_test

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

func utf16Bytes(s string, big bool, mark bool) string {
	var b strings.Builder
	units := utf16.Encode([]rune(s))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	for _, u := range units {
		if big {
			b.WriteString(string([]byte{byte(u >> 8), byte(u)}))
		} else {
			b.WriteString(string([]byte{byte(u), byte(u >> 8)}))
		}
	}
	return b.String()
}

// unsendable are secrets, as bytes of a file, that no encoder can send as they are.
var unsendable = map[string]string{
	"ISO-8859-1":          "p\xe4ss-w\xf6rd",
	"Windows-1252":        "p\x93ss\x94 \x80",
	"a cut character":     "passw\xc3",
	"UTF-16 LE":           utf16Bytes("pässword\r\n", false, false),
	"UTF-16 LE, BOM":      utf16Bytes("pässword\r\n", false, true),
	"UTF-16 BE":           utf16Bytes("pässword\n", true, false),
	"UTF-16 BE, BOM":      utf16Bytes("pässword\n", true, true),
	"a surrogate":         "p\xed\xa0\x80",
	"an overlong form":    "p\xc1\xa1",
	"NUL":                 "pass\x00word",
	"an escape":           "\x1b[200~password",
	"a backspace":         "passx\x08word",
	"DEL":                 "password\x7f",
	"a C1 control":        "pass\u0085word",
	"a carriage return":   "pass\rword",
	"a noncharacter":      "pass\uffffword",
	"two BOMs":            "\ufeff\ufeffpassword",
	"nothing but a BOM":   "\ufeff\n",
	"a Latin-1 NBSP":      "password\xa0",
	"Shift JIS":           "\x83p\x83X",
	"GBK":                 "\xc3\xdc\xc2\xeb",
	"KOI8-R":              "\xd0\xc1\xd2\xcf\xcc\xd8",
	"a BOM in the middle": "\x00\ufeffpassword",
}

// schemes are the ways in which a password is sent: JSON, XML, a form.
func schemes(w *fixtures.World, props ...string) map[string]string {
	form := strings.NewReplacer("SSOAppName="+w.AppName+";", "", "SSOAppPassword="+w.AppPassword+";", "")
	return map[string]string{
		"Okta":       w.OktaConnection(append(props, "User=passwordonly@example.com")...),
		"Crowd":      w.CrowdConnection(props...),
		"Crowd form": form.Replace(w.CrowdConnection(props...)),
	}
}

// TestUnsendableSecret: a secret that would reach the server as another one is a
// mistake in the configuration, before any request, wherever it comes from.
func TestUnsendableSecret(t *testing.T) {
	w, opts, ca := world(t)
	file := filepath.Join(t.TempDir(), "password")
	for name, content := range unsendable {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		sources := map[string]string{"file": "PasswordFile=" + file, "keyring": "PasswordKeyring=ana"}
		if runtime.GOOS != "windows" {
			sources["command"] = "PasswordCommand=cat " + file
		}
		o := *opts
		o.Keyring = func(context.Context, string) (string, error) { return content, nil }
		for scheme, conn := range schemes(w, ca) {
			for source, property := range sources {
				o.Store = &sso.MemoryStore{}
				c := open(t, strings.Replace(conn, ";Password="+w.Password, ";"+property, 1), &o)
				_, err := c.Session(t.Context())
				checkUnsent(t, w, name+", "+scheme+", "+source, err, "Password")
			}
			// The prompt.
			o.Store, o.Password = &sso.MemoryStore{}, func(context.Context) (string, error) { return content, nil }
			c := open(t, strings.Replace(conn, ";Password="+w.Password, "", 1), &o)
			_, err := c.Session(t.Context())
			checkUnsent(t, w, name+", "+scheme+", prompt", err, "Password")
			o.Password = nil
			// In clear: the client is not even made.
			_, err = sso.Open(t.Context(), strings.Replace(conn, ";Password="+w.Password, `;Password="`+content+`"`, 1), &o)
			checkUnsent(t, w, name+", "+scheme+", connection string", err, "Password")
		}
	}
}

// checkUnsent: err is a mistake of configuration that names the property, shows
// nothing, and nothing was sent.
func checkUnsent(t *testing.T, w *fixtures.World, what string, err error, property string) {
	t.Helper()
	if !errors.Is(err, sso.ErrConfig) || !strings.Contains(err.Error(), property) || strings.Contains(err.Error(), "pass\x00") {
		t.Errorf("%s: %v", what, err)
	}
	if sent := walked(w); len(sent) > 0 {
		t.Errorf("%s: sent %q", what, sent)
		w.Net.Reset()
	}
}

// TestUnsendableOtherSecrets: the password is not the only secret that is sent.
func TestUnsendableOtherSecrets(t *testing.T) {
	w, opts, ca := world(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("p\xe4ss\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, property := range []string{"APIToken", "MFASecret", "MFAPassCode", "NewPassword", "ProxyPassword"} {
		o := *opts
		o.Store = &sso.MemoryStore{}
		c := open(t, w.OktaConnection(ca, property+"File="+file), &o)
		_, err := c.Session(t.Context())
		checkUnsent(t, w, property, err, property)
	}
	o := *opts
	o.Store = &sso.MemoryStore{}
	conn := strings.Replace(w.CrowdConnection(ca), "SSOAppPassword="+w.AppPassword, "SSOAppPasswordFile="+file, 1)
	_, err := open(t, conn, &o).Session(t.Context())
	checkUnsent(t, w, "SSOAppPassword", err, "SSOAppPassword")
}

// TestUnsendableIsNotCounted: the mistake leaves no mark. The right password in the
// same file signs in.
func TestUnsendableIsNotCounted(t *testing.T) {
	w, opts, ca := world(t)
	file := filepath.Join(t.TempDir(), "password")
	c := open(t, strings.Replace(w.CrowdConnection(ca), ";Password="+w.Password, ";PasswordFile="+file, 1), opts)
	for range 6 {
		if err := os.WriteFile(file, []byte("p\xe4ss\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Session(t.Context()); !errors.Is(err, sso.ErrConfig) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte("\ufeff"+w.Password+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Session(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSecretsArriveAsTheyAre: the server gets the very bytes.
func TestSecretsArriveAsTheyAre(t *testing.T) {
	for name, password := range map[string]string{
		"Latin": "pässwörd", "Cyrillic": "пароль", "emoji": "🔑🔑", "decomposed": "pa\u0308ss", "spaces": " a  b ",
		"JSON": "\"\\\u2028\u2029<>&", "XML": `<a>&amp;'"]]>`, "form": "%41+ =&;", "replacement": "a\ufffdb",
		"tab": "a\tb", "BOM inside": "a\ufeffb", "no-break space": "a\u00a0", "private use": "\ue000\U0010ffff",
	} {
		t.Run(name, func(t *testing.T) {
			w, opts, ca := world(t)
			w.Okta.SetPassword("passwordonly@example.com", password)
			w.Crowd.AddUser(fixtures.CrowdUser{Name: w.User, Password: password, Email: w.User, FirstName: "Ana"})
			file := filepath.Join(t.TempDir(), "password")
			for _, content := range []string{password, password + "\r\nmore", "\ufeff" + password + "\n"} {
				if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				for scheme, conn := range schemes(w, ca) {
					o := *opts
					o.Store = &sso.MemoryStore{}
					c := open(t, strings.Replace(conn, ";Password="+w.Password, ";PasswordFile="+file, 1), &o)
					if _, err := c.Session(t.Context()); err != nil {
						t.Errorf("%s: %v", scheme, err)
					}
				}
			}
		})
	}
}

// TestBasicCarriesUTF8: the application's password is in a header, as RFC 7617 has it.
func TestBasicCarriesUTF8(t *testing.T) {
	w, opts, ca := world(t)
	w.Crowd.AddApplication(fixtures.CrowdApp{Name: w.AppName, Password: "äß<&>🔑", EntityID: w.Jira.EntityID(), ACS: w.Jira.ACS(), SSO: true})
	if _, err := open(t, w.CrowdConnection(ca, "SSOAppPassword=äß<&>🔑"), opts).Session(t.Context()); err != nil {
		t.Error(err)
	}
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(w.AppName+":äß<&>🔑"))
	for _, r := range w.Net.Requests() {
		if got := r.Header.Get("Authorization"); got != "" && got != want {
			t.Errorf("%v: another Authorization than %s", r, want)
		}
	}
	// RFC 7617, section 2: no control characters, the tab included.
	o := *opts
	o.Store = &sso.MemoryStore{}
	w.Net.Reset()
	_, err := sso.Open(t.Context(), w.CrowdConnection(ca, "SSOAppPassword=a\tb"), &o)
	checkUnsent(t, w, "a tab in Basic", err, "SSOAppPassword")
}
