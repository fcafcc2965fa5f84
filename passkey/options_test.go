package passkey_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/passkey"
)

// TestParseCreation: what Okta sends, in both engines' form, is read.
func TestParseCreation(t *testing.T) {
	got, err := passkey.ParseCreation([]byte(`{"rp":{"name":"example"},
		"user":{"id":"00utjm1GstPjCF9Ad0g3","name":"bot@example.com","displayName":"bot"},
		"pubKeyCredParams":[{"type":"public-key","alg":-7},{"type":"public-key","alg":-257},{"type":"other","alg":1}],
		"challenge":"zrTo0mMXyCt90mweh2HL","attestation":"direct","hints":["client-device"],
		"authenticatorSelection":{"userVerification":"discouraged"},"u2fParams":{"appid":"https://example.okta.com"},
		"excludeCredentials":[{"type":"public-key","id":"AQI="},{"type":"public-key","id":"__-_"}]}`))
	want := &passkey.CreationOptions{RPName: "example", UserName: "bot@example.com",
		Algorithms: []int{-7, -257}, UserVerification: passkey.Discouraged,
		Challenge: []byte("\xce\xb4\xe8\xd2c\x17\xc8+}\xd2l\x1e\x87a\xcb"), Exclude: [][]byte{{1, 2}, {0xff, 0xff, 0xbf}}}
	if err != nil {
		t.Fatal(err)
	}
	if id := base64.RawURLEncoding.EncodeToString(got.UserHandle); id != "00utjm1GstPjCF9Ad0g3" {
		t.Errorf("the user handle is not the decoded id: %s", id)
	}
	got.UserHandle = nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestParseRequest(t *testing.T) {
	for text, want := range map[string]*passkey.RequestOptions{
		`{"challenge":"qjUC","userVerification":"required","rpId":"globex.com","extensions":{"appid":"x"}}`: {
			RPID: "globex.com", Challenge: []byte{0xaa, 0x35, 0x02}, UserVerification: passkey.Required},
		`{"challenge":"+/8=","allowCredentials":[{"id":"-_8"}]}`: {
			Challenge: []byte{0xfb, 0xff}, Allow: [][]byte{{0xfb, 0xff}}},
		`{"challenge":null}`: nil,
		`{}`:                 nil,
		`{"challenge":1}`:    nil,
		`{"challenge":"*"}`:  nil,
		`[`:                  nil,
		`{"challenge":"AA","allowCredentials":[{"id":""}]}`: nil,
	} {
		got, err := passkey.ParseRequest([]byte(text))
		if want == nil && !errors.Is(err, autherr.ErrBadAnswer) || want != nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
}

// FuzzOptions: whatever a server asks with, it is answered or refused, in bounded time, and
// never for another host than the one that is spoken to.
func FuzzOptions(f *testing.F) {
	f.Add([]byte(`{"challenge":"qjUC","rpId":"okta.com","allowCredentials":[{"id":"AA"}]}`))
	f.Add([]byte(`{"challenge":"qjUC","rpId":"example.okta.com."}`))
	f.Add([]byte(`{"rp":{"id":"com"},"user":{"id":"AA"},"challenge":"AA",
		"pubKeyCredParams":[{"type":"public-key","alg":-7}]}`))
	f.Add([]byte(`{"user":{"id":"AA"},"challenge":"AA","excludeCredentials":[{"id":"//8="}]}`))
	f.Add([]byte(`{"challenge":"AA","challenge":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o, err := passkey.ParseRequest(data); err == nil {
			if rpID, err := passkey.RPID(org, o.RPID); err == nil && rpID != "example.okta.com" && rpID != "okta.com" {
				t.Errorf("%q may be used by %s", rpID, org)
			}
		} else if o != nil {
			t.Error("options beside an error")
		}
		if o, err := passkey.ParseCreation(data); err == nil {
			c, a, err := passkey.Create(org, o, passkey.Properties{})
			if err != nil {
				return
			}
			var client struct{ Type, Challenge, Origin string }
			if json.Unmarshal(a.ClientDataJSON, &client) != nil || client.Type != "webauthn.create" || client.Origin != org {
				t.Errorf("client data %s", a.ClientDataJSON)
			}
			if c.RPID() != "example.okta.com" && c.RPID() != "okta.com" {
				t.Errorf("a passkey for %q made at %s", c.RPID(), org)
			}
		}
	})
}

// FuzzRestore: what is stored and damaged is refused, and what is not works.
func FuzzRestore(f *testing.F) {
	c, _ := create(f, options(), passkey.Properties{})
	data, err := c.Snapshot()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"version":1,"id":"AA==","rp_id":"x","user_handle":"AA==","key":"AA=="}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := passkey.Restore(data)
		if err != nil {
			if !errors.Is(err, autherr.ErrConfig) {
				t.Error(err)
			}
			return
		}
		if _, err := c.Snapshot(); err != nil {
			t.Error(err)
		}
	})
}
