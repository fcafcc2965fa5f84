package ion

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/jsonrepair"
	"github.com/ssoexchange/ssoexchange/internal/wiretext"
)

// Answer is one answer of /idp/idx, whatever its HTTP status: a refusal usually comes
// with forms to try again, and the answer to a lost cause with none.
type Answer struct {
	Status      int // HTTP
	Version     string
	StateHandle string // of the newest state; forms bring their own
	ExpiresAt   time.Time
	Intent      string // upper case: LOGIN, CREDENTIAL_ENROLLMENT, CONSENT, …
	Step        string
	Protocol    string // what the transaction ends in: SAML2.0, OAUTH2.0

	Remediations []Form // in the server's order; names repeat
	// Current is the authenticator that the transaction is at, nil if it is at none.
	// It is what currentAuthenticatorEnrollment, currentAuthenticator,
	// enrollmentAuthenticator and recoveryAuthenticator say together.
	Current        *Authenticator
	Authenticators []Authenticator // of the organisation
	Enrollments    []Authenticator // of the user
	Challenge      *DeviceChallenge
	Messages       []Message // about the whole answer; AllMessages has those of fields too

	Success                *Form // where the signed-in browser goes
	SuccessInteractionCode bool  // an embedded OAuth client is meant, not us
	Failure                *Form
	Cancel                 *Form
	User                   User
	App                    App
	Captcha                *Captcha

	Error *APIError // the answer, or a part of it, is not of /idp/idx
}

// User is who the server thinks is signing in.
type User struct{ ID, Identifier string }

// App is what the user signs in to.
type App struct{ ID, Name, Label string }

// Captcha is a test that a form wants passed.
type Captcha struct {
	Type string // HCAPTCHA, RECAPTCHA_V2, ALTCHA
	ID   string
	Name string
}

// Shape is what an answer that is not one of /idp/idx looks like.
type Shape string

// The shapes of foreign answers.
const (
	ShapeEmpty Shape = "empty"
	ShapeHTML  Shape = "html"
	ShapeText  Shape = "text" // neither JSON nor HTML; truncated JSON too
	ShapeOkta  Shape = "okta" // {"errorCode":…}
	ShapeJSON  Shape = "json" // any other JSON, with "error" or "message" if there was one
)

// APIError is an answer of somebody else than the Identity Engine: Okta's other APIs,
// a gateway, a firewall. It is data for the caller's own error.
type APIError struct {
	Status  int
	Shape   Shape
	Code    string // errorCode, or error
	Summary string // errorSummary, error_description or message; one line
	ID      string // errorId, for Okta's support
	Causes  []string
}

func (e *APIError) Error() string {
	s := fmt.Sprintf("okta: status %d", e.Status)
	switch {
	case e.Code != "" || e.Summary != "":
		return strings.TrimSpace(s + " " + strings.TrimSpace(e.Code+" "+e.Summary))
	case e.Shape == ShapeEmpty:
		return s + " with an empty answer"
	}
	return fmt.Sprintf("%s with an answer of a foreign kind (%s)", s, e.Shape)
}

// Read reads the answer of a request to /idp/idx, damaged or not, by its content and not
// by its status or media type. Of one that was cut off only errors are kept. It fails only
// for a body that is larger than MaxBody, nests too deep or holds too much; the error then
// is autherr.ErrBadAnswer. Whatever else comes,
// an Answer is returned: a foreign body as Answer.Error.
func Read(status int, body []byte) (*Answer, error) {
	if len(body) > MaxBody {
		return nil, autherr.New(autherr.ErrBadAnswer, fmt.Sprintf("okta: the answer is larger than %d bytes", MaxBody), "")
	}
	body = bytes.TrimSpace(body)
	fixed, cut, ok := jsonrepair.Bytes(body)
	if ok {
		body = fixed
	}
	root, err := parse(body)
	if err != nil {
		return nil, err
	}
	a := &Answer{Status: status}
	if !root.is('{') {
		a.Error = &APIError{Status: status, Shape: shapeOf(root, body)}
		return a, nil
	}
	a.Error = readAPIError(root, status)
	if !isIDX(root) {
		if a.Error == nil {
			a.Error = &APIError{Status: status, Shape: ShapeJSON}
		}
		return a, nil
	}
	if a.Error != nil && a.Error.Shape == ShapeJSON {
		a.Error = nil // a member "message" or "error" of an IDX answer means nothing
	}
	a.read(root)
	if cut {
		a.cutOff()
	}
	return a, nil
}

// cutOff keeps of an answer whose end is missing what refuses something. Its forms and
// addresses may be parts of themselves.
func (a *Answer) cutOff() {
	refused := a.Errors()
	*a = Answer{Status: a.Status, Version: a.Version, Messages: refused, Error: a.Error}
	if len(refused) == 0 && a.Error == nil {
		a.Error = &APIError{Status: a.Status, Shape: ShapeText}
	}
}

func shapeOf(root *node, body []byte) Shape {
	switch {
	case len(body) == 0:
		return ShapeEmpty
	case root != nil:
		return ShapeJSON
	case body[0] == '<':
		return ShapeHTML
	}
	return ShapeText
}

// isIDX: a limit may be answered with version and messages alone.
func isIDX(root *node) bool {
	return root.get("remediation", "messages", "success", "successWithInteractionCode", "failure", "stateHandle") != nil
}

func readAPIError(root *node, status int) *APIError {
	e := &APIError{Status: status, Shape: ShapeJSON}
	if code := root.get("errorCode"); code.label() != "" {
		e.Shape = ShapeOkta
		e.Code = code.label()
		e.Summary = wiretext.Line(root.get("errorSummary").str(), maxMessage)
		e.ID = root.get("errorId").label()
		for _, c := range root.get("errorCauses", "errorCause").list() {
			text := c.get("errorSummary", "reason").str()
			if c.is('"') {
				text = c.text
			}
			if text = wiretext.Line(text, maxMessage); text != "" {
				e.Causes = append(e.Causes, text)
			}
		}
		return e
	}
	e.Code = root.get("error").label()
	e.Summary = wiretext.Line(root.get("error_description", "message").str(), maxMessage)
	if e.Code == "" && e.Summary == "" {
		return nil
	}
	return e
}

func (a *Answer) read(root *node) {
	a.Version = root.get("version").label()
	a.StateHandle = root.get("stateHandle").str()
	a.ExpiresAt, _ = time.Parse(time.RFC3339, root.get("expiresAt").str())
	a.Intent = strings.ToUpper(root.get("intent").label())
	a.Step = root.get("step").label()
	a.Protocol = root.get("authentication").object().get("protocol").label()
	for _, n := range root.get("remediation").list() {
		if f := readForm(n, a.StateHandle, a.Status); f != nil && f.Name != "" {
			a.Remediations = append(a.Remediations, *f)
		}
	}
	for _, name := range []string{"currentAuthenticatorEnrollment", "currentAuthenticator", "enrollmentAuthenticator",
		"recoveryAuthenticator"} {
		n := root.get(name).object()
		switch {
		case n == nil:
		case a.Current == nil:
			a.Current = readAuthenticator(n, a.StateHandle, a.Status)
		default:
			a.Current.add(readAuthenticator(n, a.StateHandle, a.Status))
		}
	}
	a.Authenticators = readAuthenticators(root.get("authenticators"))
	a.Enrollments = readAuthenticators(root.get("authenticatorEnrollments"))
	a.Challenge = readDeviceChallenge(root.get("authenticatorChallenge"), a.StateHandle, a.Status)
	a.Messages = readMessages(root.get("messages"), a.Status, "")

	a.Success = readEnd(root.get("success"), SuccessRedirect, a)
	a.Failure = readEnd(root.get("failure"), FailureRedirect, a)
	a.Cancel = readForm(root.get("cancel"), a.StateHandle, a.Status)
	if a.Success == nil {
		a.Success = a.Form(SuccessRedirect)
	}
	if a.Failure == nil {
		a.Failure = a.Form(FailureRedirect)
	}
	a.SuccessInteractionCode = root.get("successWithInteractionCode") != nil

	user, app := root.get("user").object(), root.get("app").object()
	a.User = User{ID: user.get("id").label(), Identifier: user.get("identifier").label()}
	a.App = App{ID: app.get("id").label(), Name: app.get("name").label(), Label: app.get("label").label()}
	if c := root.get("captcha").object(); c != nil {
		a.Captcha = &Captcha{Type: strings.ToUpper(c.get("type").label()), ID: c.get("id").str(), Name: c.get("name").label()}
	}
}

// readEnd reads an address for the browser, which may lack name and method.
func readEnd(n *node, name string, a *Answer) *Form {
	f := readForm(n, a.StateHandle, a.Status)
	if f == nil {
		return nil
	}
	if f.Name == "" {
		f.Name = name
	}
	if n.get("method") == nil && n.object().get("method") == nil {
		f.Method = http.MethodGet
	}
	return f
}

// Form returns the first remediation of that name, nil if there is none.
func (a *Answer) Form(name string) *Form {
	for i := range a.Remediations {
		if a.Remediations[i].Name == name {
			return &a.Remediations[i]
		}
	}
	return nil
}

// Forms returns the remediations of that name, in the server's order.
func (a *Answer) Forms(name string) []*Form {
	var all []*Form
	for i := range a.Remediations {
		if a.Remediations[i].Name == name {
			all = append(all, &a.Remediations[i])
		}
	}
	return all
}

// Names lists the names of the remediations, each once, in the server's order.
func (a *Answer) Names() []string {
	var all []string
	seen := map[string]bool{}
	for i := range a.Remediations {
		if name := a.Remediations[i].Name; !seen[name] {
			seen[name] = true
			all = append(all, name)
		}
	}
	return all
}

// StateToken is the part of the state handle that addresses of pages carry.
func (a *Answer) StateToken() string {
	token, _, _ := strings.Cut(a.StateHandle, "~")
	return token
}
