package passkey

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Bounds of what a relying party may ask with.
const (
	maxOptions    = 256 << 10 // bytes of JSON
	maxChallenge  = 1 << 10   // bytes
	maxUserHandle = 64        // bytes, section 5.4.3
	maxID         = 1023      // bytes of a credential id, section 4
	maxListed     = 256       // credentials in an allow or exclude list
)

// UserVerification says whether a relying party wants the user verified, section 5.8.6.
// A value that is not known counts as preferred.
type UserVerification string

// The values of UserVerification.
const (
	Required    UserVerification = "required"
	Preferred   UserVerification = "preferred"
	Discouraged UserVerification = "discouraged"
)

// CreationOptions are what a relying party asks of a registration, section 5.4.
type CreationOptions struct {
	RPID             string // "": the host of the origin
	RPName           string
	UserHandle       []byte // 1 to 64 bytes
	UserName         string
	Challenge        []byte
	Algorithms       []int    // COSE numbers; empty: ES256 is accepted
	Exclude          [][]byte // ids of credentials that the user has registered already
	UserVerification UserVerification
}

// RequestOptions are what a relying party asks of an assertion, section 5.5.
type RequestOptions struct {
	RPID             string // "": the host of the origin
	Challenge        []byte
	Allow            [][]byte // ids of the credentials that may answer; empty: any
	UserVerification UserVerification
}

// ParseCreation reads PublicKeyCredentialCreationOptionsJSON, section 5.1.3. Binary values
// may be in either base64 alphabet, padded or not. The error Is a bad answer.
func ParseCreation(data []byte) (*CreationOptions, error) {
	var in struct {
		RP struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"rp"`
		User struct {
			ID   base64URL `json:"id"`
			Name string    `json:"name"`
		} `json:"user"`
		Challenge base64URL `json:"challenge"`
		Params    []struct {
			Type string `json:"type"`
			Alg  int    `json:"alg"`
		} `json:"pubKeyCredParams"`
		Exclude   []descriptor `json:"excludeCredentials"`
		Selection struct {
			UserVerification UserVerification `json:"userVerification"`
		} `json:"authenticatorSelection"`
	}
	if err := read(data, &in); err != nil {
		return nil, err
	}
	o := &CreationOptions{RPID: in.RP.ID, RPName: in.RP.Name, UserHandle: in.User.ID, UserName: in.User.Name,
		Challenge: in.Challenge, UserVerification: in.Selection.UserVerification}
	for _, p := range in.Params {
		if p.Type == "public-key" {
			o.Algorithms = append(o.Algorithms, p.Alg)
		}
	}
	if len(in.Params) > 0 && len(o.Algorithms) == 0 {
		return nil, noAlgorithm()
	}
	var err error
	if o.Exclude, err = ids(in.Exclude); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	return o, nil
}

// ParseRequest reads PublicKeyCredentialRequestOptionsJSON, section 5.1.3, as
// [ParseCreation] does. Extensions are ignored.
func ParseRequest(data []byte) (*RequestOptions, error) {
	var in struct {
		RPID             string           `json:"rpId"`
		Challenge        base64URL        `json:"challenge"`
		Allow            []descriptor     `json:"allowCredentials"`
		UserVerification UserVerification `json:"userVerification"`
	}
	if err := read(data, &in); err != nil {
		return nil, err
	}
	allow, err := ids(in.Allow)
	if err != nil {
		return nil, err
	}
	o := &RequestOptions{RPID: in.RPID, Challenge: in.Challenge, Allow: allow, UserVerification: in.UserVerification}
	if err := o.check(); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *CreationOptions) check() error {
	if n := len(o.UserHandle); n == 0 || n > maxUserHandle {
		return badOptions(fmt.Sprintf("a user handle of %d bytes (1 to %d are allowed)", n, maxUserHandle))
	}
	if len(o.Algorithms) > 0 && !slices.Contains(o.Algorithms, algES256) {
		return noAlgorithm()
	}
	return checkChallenge(o.Challenge)
}

func (o *RequestOptions) check() error { return checkChallenge(o.Challenge) }

func checkChallenge(c []byte) error {
	if len(c) == 0 || len(c) > maxChallenge {
		return badOptions(fmt.Sprintf("a challenge of %d bytes (1 to %d are allowed)", len(c), maxChallenge))
	}
	return nil
}

func noAlgorithm() error {
	return autherr.New(autherr.ErrUnsupported, "passkey: ES256 is not among the algorithms that the organisation accepts",
		"an administrator has to allow ES256 (COSE -7), which every platform's passkeys use")
}

// descriptor is PublicKeyCredentialDescriptorJSON.
type descriptor struct {
	ID base64URL `json:"id"`
}

func ids(list []descriptor) ([][]byte, error) {
	if len(list) > maxListed {
		return nil, badOptions(fmt.Sprintf("a list of more than %d credentials", maxListed))
	}
	var out [][]byte
	for _, d := range list {
		if len(d.ID) == 0 || len(d.ID) > maxID {
			return nil, badOptions("a credential id of no or too many bytes")
		}
		out = append(out, d.ID)
	}
	return out, nil
}

// base64URL is a Base64URLString, section 3.
type base64URL []byte

func (b *base64URL) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil || text == nil {
		return err
	}
	raw, err := decodeBase64(*text)
	*b = raw
	return err
}

// decodeBase64 reads either alphabet, padded or not.
func decodeBase64(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	return base64.RawURLEncoding.DecodeString(text)
}

// read decodes JSON without quoting it in the error.
func read(data []byte, into any) error {
	if len(data) > maxOptions {
		return badOptions("options that are too large")
	}
	if json.NewDecoder(bytes.NewReader(data)).Decode(into) != nil {
		return badOptions("options that cannot be read")
	}
	return nil
}

func badOptions(what string) error {
	return autherr.New(autherr.ErrBadAnswer, "passkey: the challenge has "+what, "")
}
