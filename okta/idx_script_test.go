package okta_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// idxPage is the app's link on an org with Identity Engine, its token escaped as it is
// on real pages.
const idxPage = `<title>Sign In</title><script>var stateToken = '02.id.Short\x2DTokenSECRET'; var baseUrl = 'https\x3A\x2F\x2Facme.okta.com';</script>`

const (
	idxToken   = "02.id.Short-TokenSECRET"
	introspect = "POST /idp/idx/introspect"
	identify   = "POST /idp/idx/identify"
	choosing   = "POST /idp/idx/challenge"
	answering  = "POST /idp/idx/challenge/answer"
	resending  = "POST /idp/idx/challenge/resend"
	polling    = "POST /idp/idx/authenticators/poll"
	declining  = "POST /idp/idx/authenticators/poll/cancel"
	skipping   = "POST /idp/idx/skip"
	keeping    = "POST /idp/idx/keep-me-signed-in"
	safeMode   = "POST /idp/idx/poll"
	giveUp     = "POST /idp/idx/cancel"
	redirect   = "GET /login/token/redirect"
)

// unsatisfiable ends a transaction at once.
var unsatisfiable = ion(200, "H0", said("ERROR", "oie.assurance.unsatisfiable", "no authenticator satisfies the policy"))

// ion writes an answer of the Identity Engine: the state handle, then remediations
// (made by form and its like) and other members (made by at, said, …).
func ion(status int, handle string, parts ...string) answer {
	var forms, rest []string
	for _, p := range parts {
		if strings.HasPrefix(p, "{") {
			forms = append(forms, strings.ReplaceAll(p, "$HANDLE", handleOf(handle)))
		} else {
			rest = append(rest, strings.ReplaceAll(p, "$HANDLE", handleOf(handle)))
		}
	}
	body := fmt.Sprintf(`{"version":"1.0.0","stateHandle":%q,"expiresAt":"2030-01-02T03:04:05.000Z","intent":"LOGIN"`, handleOf(handle))
	if forms != nil {
		body += `,"remediation":{"type":"array","value":[` + strings.Join(forms, ",") + `]}`
		body += `,"cancel":{"rel":["create-form"],"name":"cancel","href":"` + org + `/idp/idx/cancel","method":"POST","value":[` + handleField(handle) + `]}`
	}
	for _, r := range rest {
		body += "," + r
	}
	return answer{status: status, body: body + "}"}
}

// handleOf is a state handle in its real shape; all of them are secrets.
func handleOf(name string) string { return idxToken + "~c." + name }

func handleField(handle string) string {
	return fmt.Sprintf(`{"name":"stateHandle","required":true,"value":%q,"visible":false,"mutable":false}`, handleOf(handle))
}

// form is a remediation: its path is the last part of "POST /idp/idx/…".
func form(name, request string, fields ...string) string {
	_, path, _ := strings.Cut(request, " ")
	return fmt.Sprintf(`{"rel":["create-form"],"name":%q,"href":"%s%s","method":"POST","produces":"application/ion+json; okta-version=1.0.0","accepts":"application/json; okta-version=1.0.0","value":[%s]}`,
		name, org, path, strings.Join(append(fields, `{"name":"stateHandle","required":true,"value":"$HANDLE","visible":false,"mutable":false}`), ","))
}

// with puts a member before the others of a form.
func with(form, member string) string { return "{" + member + "," + form[1:] }

const (
	fieldName     = `{"name":"identifier","label":"Username","required":true}`
	fieldRemember = `{"name":"rememberMe","type":"boolean","label":"Keep me signed in"}`
	fieldPassword = `{"name":"credentials","type":"object","required":true,"form":{"value":[{"name":"passcode","label":"Password","secret":true}]}}`
	fieldCode     = `{"name":"credentials","type":"object","required":true,"form":{"value":[{"name":"passcode","label":"Code"}]}}`
	fieldTOTP     = `{"name":"credentials","type":"object","required":true,"form":{"value":[{"name":"totp","label":"Code"}]}}`
	fieldAnswer   = `{"name":"credentials","type":"object","required":true,"form":{"value":[{"name":"questionKey","value":"pet","mutable":false,"required":true},{"name":"answer","required":true}]}}`
)

var (
	formName     = form("identify", identify, fieldName, fieldRemember)
	formBoth     = form("identify", identify, fieldName, fieldPassword, fieldRemember)
	formPassword = form("challenge-authenticator", answering, fieldPassword)
	formCode     = form("challenge-authenticator", answering, fieldCode)
	formTOTP     = form("challenge-authenticator", answering, fieldTOTP)
	formQuestion = form("challenge-authenticator", answering, fieldAnswer)
	formPoll     = with(form("challenge-poll", polling), `"refresh":4000,"relatesTo":["$.currentAuthenticator"]`)
	formResend   = form("resend", choosing)
	formSkip     = form("skip", skipping)
	formLaunch   = form("launch-authenticator", "POST /idp/idx/authenticators/okta-verify/launch")
	formRecover  = form("select-enroll-profile", "POST /idp/idx/enroll")
	formProbe    = with(form("device-challenge-poll", polling), `"refresh":2000,"relatesTo":["authenticatorChallenge"]`)
	probing      = `"authenticatorChallenge":{"type":"object","value":{"challengeMethod":"LOOPBACK","ports":["8769","65111"],"domain":"http://localhost","challengeRequest":"eyJ.SECRET","cancel":` +
		`{"rel":["create-form"],"name":"cancel-polling","href":"` + org + `/idp/idx/authenticators/poll/cancel","method":"POST","value":[{"name":"stateHandle","required":true,"value":"$HANDLE","visible":false,"mutable":false}]}}}`
	succeeded = `"success":{"rel":["create-form"],"name":"success-redirect","href":"` + org + `/login/token/redirect?stateToken=` + idxToken + `","method":"GET"}`
)

// choices is select-authenticator-authenticate. Each is "label id methods", methods
// with commas; one method is fixed.
func choices(cs ...string) string { return choicesIn("select-authenticator-authenticate", cs...) }

func choicesIn(name string, cs ...string) string {
	var options []string
	for _, c := range cs {
		p := strings.Split(c, " ")
		label, id, methods := strings.ReplaceAll(p[0], "_", " "), p[1], strings.Split(p[2], ",")
		method := fmt.Sprintf(`{"name":"methodType","required":false,"value":%q,"mutable":false}`, methods[0])
		if len(methods) > 1 {
			var os []string
			for _, m := range methods {
				os = append(os, fmt.Sprintf(`{"label":%q,"value":%q}`, m, m))
			}
			method = `{"name":"methodType","type":"string","required":false,"options":[` + strings.Join(os, ",") + `]}`
		}
		enrolment := ""
		if len(p) > 3 {
			enrolment = fmt.Sprintf(`,{"name":"enrollmentId","required":true,"value":%q,"mutable":false}`, p[3])
		}
		options = append(options, fmt.Sprintf(`{"label":%q,"value":{"form":{"value":[{"name":"id","required":true,"value":%q,"mutable":false},%s%s]}}}`, label, id, method, enrolment))
	}
	return form(name, choosing, `{"name":"authenticator","type":"object","options":[`+strings.Join(options, ",")+`]}`)
}

// verification is authenticator-verification-data of one authenticator.
func verification(label, id string, methods ...string) string {
	var os []string
	for _, m := range methods {
		os = append(os, fmt.Sprintf(`{"label":%q,"value":%q}`, m, m))
	}
	return form("authenticator-verification-data", choosing, fmt.Sprintf(`{"name":"authenticator","label":%q,"form":{"value":[{"name":"id","required":true,"value":%q,"mutable":false},{"name":"methodType","required":true,"options":[%s]}]}}`,
		label, id, strings.Join(os, ",")))
}

// known lists the organisation's authenticators: "key label id method,…".
func known(as ...string) string {
	var list []string
	for _, a := range as {
		p := strings.Split(a, " ")
		list = append(list, fmt.Sprintf(`{"key":%q,"displayName":%q,"id":%q,"type":"app","methods":%s}`, p[0], strings.ReplaceAll(p[1], "_", " "), p[2], methodList(p[3])))
	}
	return `"authenticators":{"type":"array","value":[` + strings.Join(list, ",") + `]}`
}

func methodList(methods string) string {
	var list []string
	for _, m := range strings.Split(methods, ",") {
		list = append(list, fmt.Sprintf(`{"type":%q}`, m))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// standing is the authenticator that the transaction is at, with more members.
func standing(key, id, method string, more ...string) string {
	return fmt.Sprintf(`"currentAuthenticator":{"type":"object","value":{"key":%q,"id":%q,"type":"app","displayName":%q,"methods":%s%s}}`,
		key, id, key, methodList(method), strings.Join(append([]string{""}, more...), ","))
}

// numbered shows the number to choose.
func shows(number string) string { return `"contextualData":{"correctAnswer":` + number + `}` }

// another is the form that sends another message.
var another = `"resend":` + form("resend", resending)

// said is the answer's messages.
func said(class, key, text string) string {
	text2, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`"messages":{"type":"array","value":[{"message":%s,"class":%q,"i18n":{"key":%q}}]}`, text2, class, key)
}

// bodies returns what was posted, as "/path {json}" without the state handle, in order.
func (s *script) bodies() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.seen {
		line := strings.TrimPrefix(c.Path, "/idp/idx")
		if c.Body != nil {
			body := map[string]any{}
			for k, v := range c.Body {
				if k != "stateHandle" {
					body[k] = v
				}
			}
			b, err := json.Marshal(body)
			if err != nil {
				panic(err)
			}
			line += " " + string(b)
		}
		out = append(out, line)
	}
	return out
}

// handles returns the state handles that were posted, in order, by their last part.
func (s *script) handles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.seen {
		if h, ok := c.Body["stateHandle"].(string); ok {
			_, name, _ := strings.Cut(h, "~c.")
			out = append(out, name)
		}
	}
	return out
}

// stamped notes when requests of a transaction go out.
type stamped struct {
	http.RoundTripper
	at *[]time.Time
}

func (s stamped) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost {
		*s.at = append(*s.at, time.Now())
	}
	return s.RoundTripper.RoundTrip(r)
}
