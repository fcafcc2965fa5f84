package passkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// vector is one of the test vectors of Web Authentication Level 3, section 16, all of which
// are for the RP ID example.org at https://example.org. Binary values are hexadecimal.
type vector struct {
	Name     string     `json:"name"`
	Key      hexBytes   `json:"private_key"`
	AAGUID   hexBytes   `json:"aaguid"`
	ID       hexBytes   `json:"credential_id"`
	Create   Properties `json:"create"`
	Creation struct {
		Challenge         hexBytes `json:"challenge"`
		ClientDataJSON    hexBytes `json:"clientDataJSON"`
		AttestationObject hexBytes `json:"attestationObject"`
	} `json:"creation"`
	Get     Properties `json:"get"`
	Request struct {
		Challenge         hexBytes `json:"challenge"`
		ClientDataJSON    hexBytes `json:"clientDataJSON"`
		AuthenticatorData hexBytes `json:"authenticatorData"`
		Signature         hexBytes `json:"signature"`
	} `json:"request"`
}

type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

//go:embed testdata/vectors.json
var specVectors []byte

// TestSpecVectors: with the keys, ids and challenges of the specification's own vectors, the
// bytes are those of the specification. Signatures, which are random, are compared by what
// they sign: the specification's are verified over our bytes.
func TestSpecVectors(t *testing.T) {
	const origin, rpID = "https://example.org", "example.org"
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(specVectors, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), v.Key)
			if err != nil {
				t.Fatal(err)
			}
			c := &Credential{id: v.ID, rpID: rpID, userHandle: []byte("user"), backupEligible: v.Create.BackupEligible, key: key}

			// The vectors' client data may be longer than ours: section 5.8.1.1 lets clients
			// append members, and verifiers compare the beginning.
			data := clientData(typeCreate, v.Creation.Challenge, origin)
			beginsAs(t, data, v.Creation.ClientDataJSON)
			object, err := c.attest(v.Creation.ClientDataJSON, v.AAGUID, v.Create)
			if err != nil {
				t.Fatal(err)
			}
			compareAttestation(t, c, object, v.Creation.AttestationObject, v.Creation.ClientDataJSON)

			a, err := c.Assert(origin, &RequestOptions{Challenge: v.Request.Challenge, Allow: [][]byte{c.id}}, v.Get)
			if err != nil {
				t.Fatal(err)
			}
			beginsAs(t, a.ClientDataJSON, v.Request.ClientDataJSON)
			wantFlags := v.Request.AuthenticatorData
			if !bytes.Equal(a.AuthenticatorData, wantFlags) {
				t.Errorf("authenticator data %x, want %x", a.AuthenticatorData, wantFlags)
			}
			if !verifies(c, a.AuthenticatorData, a.ClientDataJSON, a.Signature) {
				t.Error("our signature does not verify")
			}
			if !verifies(c, a.AuthenticatorData, v.Request.ClientDataJSON, v.Request.Signature) {
				t.Error("the specification's signature does not verify over our authenticator data")
			}
		})
	}
}

func beginsAs(t *testing.T, got, want []byte) {
	t.Helper()
	if !bytes.HasPrefix(want, bytes.TrimSuffix(got, []byte("}"))) {
		t.Errorf("client data\n%s\nis no beginning of\n%s", got, want)
	}
}

// compareAttestation compares two attestation objects but for the signature.
func compareAttestation(t *testing.T, c *Credential, got, want, clientData []byte) {
	t.Helper()
	mark := []byte("\x68authData\x58\xa4")
	gotHead, gotData, ok := bytes.Cut(got, mark)
	wantHead, wantData, _ := bytes.Cut(want, mark)
	if !ok || !bytes.Equal(gotData, wantData) {
		t.Errorf("authenticator data\n%x, want\n%x", gotData, wantData)
	}
	sig := []byte("\x63sig\x58")
	gotForm, gotSig, _ := bytes.Cut(gotHead, sig)
	wantForm, wantSig, signed := bytes.Cut(wantHead, sig)
	if !bytes.Equal(gotForm, wantForm) {
		t.Errorf("statement %x, want %x", gotForm, wantForm)
	}
	if signed && (!verifies(c, gotData, clientData, gotSig[1:]) || !verifies(c, gotData, clientData, wantSig[1:])) {
		t.Error("a self attestation does not verify")
	}
}

func verifies(c *Credential, authData, clientData, signature []byte) bool {
	hash := sha256.Sum256(clientData)
	digest := sha256.Sum256(slices.Concat(authData, hash[:]))
	return ecdsa.VerifyASN1(&c.key.PublicKey, digest[:], signature)
}

// TestClientDataEscapes: CCDToString of section 5.8.1.1 escapes exactly this.
func TestClientDataEscapes(t *testing.T) {
	got := string(appendString(nil, "a\"b\\c\x01\n<&>é\u2028"))
	if want := `"a\"b\\c\u0001\u000a<&>é` + "\u2028\""; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestAAGUID: the bytes are those of the published text.
func TestAAGUID(t *testing.T) {
	if got := hex.EncodeToString(aaguid); got != strings.ReplaceAll(AAGUID, "-", "") {
		t.Errorf("%s is not %s", got, AAGUID)
	}
}
