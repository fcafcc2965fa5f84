package encrypt_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/ssoexchange/ssoexchange/internal/encrypt"
)

const keyText = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="

func key(t testing.TB) *encrypt.Key {
	t.Helper()
	k, err := encrypt.ParseKey(keyText)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// raw encrypts anything with the key of the tests.
func raw(t testing.TB, plain string) []byte {
	t.Helper()
	identity, err := age.ParseX25519Identity(key(t).Secret())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, identity.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte(plain))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSealAndOpen(t *testing.T) {
	k := key(t)
	for _, data := range []string{"", "x", "line\nline", strings.Repeat("x", 100_000)} {
		record, err := k.Encrypt("name", 7, []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Decrypt("name", record)
		if string(got.Data) != data || got.Fence != 7 || !got.Authenticated || err != nil {
			t.Errorf("%d bytes: %d bytes, fence %d, %v", len(data), len(got.Data), got.Fence, err)
		}
		if _, err := k.Decrypt("another", record); !errors.Is(err, encrypt.ErrMoved) {
			t.Errorf("under another name: %v", err)
		}
	}
	if _, err := k.Encrypt("name", 0, make([]byte, encrypt.MaxRecord)); !errors.Is(err, encrypt.ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
}

// seeds are records of all kinds, and what opening them under "name" says.
func seeds(t testing.TB) map[string]error {
	good, err := key(t).Encrypt("name", 1, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]error{
		string(good):               nil,
		"":                         encrypt.ErrUnreadable,
		"age-encryption.org/v1\n":  encrypt.ErrUnreadable,
		string(good[:len(good)-1]): encrypt.ErrUnreadable,
		string(raw(t, "")):         encrypt.ErrForeign,
		string(raw(t, "{}\nx")):    encrypt.ErrForeign,
		string(raw(t, `{"format":"ssoexchange-state","version":0,"key":"name"}`+"\n")):       encrypt.ErrForeign,
		string(raw(t, `{"format":"ssoexchange-state","version":3,"key":"name"}`+"\n")):       encrypt.ErrNewer,
		string(raw(t, `{"format":"ssoexchange-state","version":2,"key":"name"}`+"\n")):       encrypt.ErrForged,
		string(raw(t, `{"format":"ssoexchange-state","version":1,"key":"eman"}`+"\nx")):      encrypt.ErrMoved,
		string(raw(t, `{"format":"ssoexchange-state","version":1,"key":"name"}`)):            encrypt.ErrForeign, // no line
		string(raw(t, `{"format":"ssoexchange-state","version":1,"key":"name","x":1}`+"\n")): nil,
	}
}

func TestOpen(t *testing.T) {
	for record, want := range seeds(t) {
		if _, err := key(t).Decrypt("name", []byte(record)); !errors.Is(err, want) {
			t.Errorf("%.60q: %v, want %v", record, err, want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	n := 0
	for record := range seeds(f) {
		f.Add([]byte(record))
		n++
	}
	if n < 5 {
		f.Fatal("no seeds")
	}
	k := key(f)
	f.Fuzz(func(t *testing.T, record []byte) {
		got, err := k.Decrypt("name", record)
		if err != nil && got.Data != nil {
			t.Error("data beside an error")
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{keyText, key(f).Secret(), keyText + "," + key(f).Secret(), "age1", "AGE-SECRET-KEY-1", ",,", " "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := encrypt.ParseKey(text)
		if err != nil {
			if err != encrypt.ErrMalformed {
				t.Errorf("an error that may quote its input: %v", err)
			}
			return
		}
		again, err := encrypt.ParseKey(k.Secret())
		if err != nil || again.Secret() != k.Secret() {
			t.Errorf("the key is not what was read: %v", err)
		}
	})
}
