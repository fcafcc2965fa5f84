package encrypt_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/ssoexchange/ssoexchange/internal/encrypt"
)

const attackerKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAI="

func parse(t testing.TB, text string) *encrypt.Key {
	t.Helper()
	k, err := encrypt.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// public is the public half of a key.
func public(t testing.TB, k *encrypt.Key) string {
	t.Helper()
	identity, err := age.ParseX25519Identity(k.Secret())
	if err != nil {
		t.Fatal(err)
	}
	return identity.Recipient().String()
}

// encrypted is plain, as somebody encrypts it who knows nothing but the public half.
func encrypted(t testing.TB, to, plain string) []byte {
	t.Helper()
	recipient, err := age.ParseX25519Recipient(to)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, recipient)
	if err == nil {
		_, err = w.Write([]byte(plain))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// opened is the plaintext of a record.
func opened(t testing.TB, k *encrypt.Key, record []byte) string {
	t.Helper()
	identity, err := age.ParseX25519Identity(k.Secret())
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(bytes.NewReader(record), identity)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestForgery: the public half is not enough to write a record.
func TestForgery(t *testing.T) {
	k, attacker := key(t), parse(t, attackerKey)
	good, err := k.Encrypt("name", 7, []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	plain := opened(t, k, good)
	theirs, err := parse(t, attackerKey+","+public(t, k)).Encrypt("name", 8, []byte("forged"))
	if err != nil {
		t.Fatal(err)
	}
	forgery := opened(t, attacker, theirs)
	for what, text := range map[string]string{
		"other data":                     strings.Replace(plain, "data", "DATA", 1),
		"another fence":                  strings.Replace(plain, `"fence":7`, `"fence":8`, 1),
		"no authenticator":               `{"format":"ssoexchange-state","version":2,"key":"name","fence":8}` + "\nforged",
		"empty authenticators":           `{"format":"ssoexchange-state","version":2,"key":"name","by":"` + public(t, k) + `","macs":[""]}` + "\nforged",
		"by the attacker":                forgery,
		"by the attacker, in our name":   strings.Replace(forgery, public(t, attacker), public(t, k), 1),
		"authenticators of another text": strings.SplitN(plain, "\n", 2)[0] + "\nforged",
		"rubbish for a key":              `{"format":"ssoexchange-state","version":2,"key":"name","by":"age1","macs":["AAAA"]}` + "\nx",
	} {
		got, err := k.Decrypt("name", encrypted(t, public(t, k), text))
		if !errors.Is(err, encrypt.ErrForged) || got.Data != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	// The same name at another place, the version of before: each is told apart.
	if _, err := k.Decrypt("other", good); !errors.Is(err, encrypt.ErrMoved) {
		t.Error(err)
	}
	old, err := k.Decrypt("name", encrypted(t, public(t, k), `{"format":"ssoexchange-state","version":1,"key":"name","fence":7}`+"\nold"))
	if err != nil || old.Authenticated || string(old.Data) != "old" {
		t.Errorf("a record of an earlier version: %+v, %v", old, err)
	}
}

// TestAuthors: who may read whose records.
func TestAuthors(t *testing.T) {
	a, b := key(t), parse(t, attackerKey)
	aPublic, bPublic := public(t, a), public(t, b)
	record := func(keys string) []byte {
		t.Helper()
		out, err := parse(t, keys).Encrypt("name", 1, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for what, tt := range map[string]struct {
		writer, reader string
		want           error
	}{
		"one key for all":               {keyText, keyText, nil},
		"a new key in front of the old": {keyText, attackerKey + "," + keyText, nil},
		"the key was replaced":          {attackerKey + "," + keyText, attackerKey, nil},
		"with the old one":              {attackerKey + "," + keyText, keyText, encrypt.ErrUnreadable},
		"each its own, both known":      {keyText + " " + bPublic, attackerKey + " " + aPublic, nil},
		"the writer reads its own":      {keyText + " " + bPublic, keyText, nil},
		"the writer is not known":       {keyText + " " + bPublic, attackerKey, encrypt.ErrForged},
		"not for this reader":           {keyText, attackerKey + " " + aPublic, encrypt.ErrUnreadable},
		"known, and several own":        {keyText + " " + bPublic, keyText + "," + attackerKey, nil},
	} {
		if _, err := parse(t, tt.reader).Decrypt("name", record(tt.writer)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", what, err, tt.want)
		}
	}
	// And brings what a key knows along.
	if _, err := b.WithOlder(a).Decrypt("name", record(keyText)); err != nil {
		t.Error(err)
	}
}

func TestMessage(t *testing.T) {
	if bytes.Equal(encrypt.Message("ab", "c"), encrypt.Message("a", "bc")) || bytes.Equal(encrypt.Message("a"), encrypt.Message("a", "")) {
		t.Error("two lists make one message")
	}
}

func BenchmarkOpen(b *testing.B) {
	k := key(b)
	record, err := k.Encrypt("name", 1, bytes.Repeat([]byte("x"), 4096))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Decrypt("name", record); err != nil {
			b.Fatal(err)
		}
	}
}
