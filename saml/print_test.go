package saml_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/saml"
)

func TestNothingSecretIsPrinted(t *testing.T) {
	r, err := saml.ReadForm(idp, []byte(page(acs+"?ticket=t1cket", encode(okta), "r3lay")))
	if err != nil {
		t.Fatal(err)
	}
	q, err := saml.ParseRequest(redirect(deflate(authnRequest), "&RelayState=r3lay"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, v := range []any{r, *r, q, *q, []any{r}, struct{ R saml.Response }{*r}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	text := out.String()
	for _, secret := range []string{"t1cket", "r3lay", r.Encoded, r.Encoded[:40], q.URL.Query().Get("SAMLRequest")} {
		if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
			t.Errorf("%q is printed", secret)
		}
	}
	for _, wanted := range []string{"jira.example.com", "www.okta.com", "crowd.example.com", "Success"} {
		if !strings.Contains(text, wanted) {
			t.Errorf("%q is not printed", wanted)
		}
	}
	if strings.Contains(fmt.Sprintf("%+v", r), "ana@example.com") {
		t.Error("the user is printed")
	}
	enc, err := json.Marshal(r)
	if err != nil || bytes.Contains(enc, []byte(r.Encoded[:40])) || bytes.Contains(enc, []byte("r3lay")) {
		t.Errorf("JSON has secrets, %v", err)
	}
}

func TestPrintZero(t *testing.T) {
	if s := fmt.Sprint(saml.Response{}, saml.Request{}); !strings.Contains(s, "saml.Response{") || !strings.Contains(s, "saml.Request{") {
		t.Errorf("prints %s", s)
	}
}
