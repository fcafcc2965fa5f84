package loginform

import (
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/htmlform"
)

// userNames are names and ids of fields for the user's name, in lower case.
var userNames = []string{"user", "username", "userid", "user_id", "login", "loginfmt", "loginid", "uid", "email",
	"j_username",
	"identifier", "account", "pf.username", "ecom_user_id", "idtoken1", "loginname", "login_name"}

// isPassword reports whether f is a field for the present password.
func isPassword(f htmlform.Field) bool {
	return f.Type == "password" && f.Name != "" && !strings.Contains(f.Autocomplete, "new-password") && !onceOnly(f)
}

// onceOnly reports whether a field says that it is for a one-time code.
func onceOnly(f htmlform.Field) bool { return strings.Contains(f.Autocomplete, "one-time-code") }

// passwordFields counts the fields for passwords of any kind: two are a change of password.
func passwordFields(f htmlform.Form) (n int) {
	for _, x := range f.Fields {
		if x.Type == "password" && !onceOnly(x) {
			n++
		}
	}
	return n
}

// changesPassword reports whether f is a form in which a new password is chosen.
func changesPassword(f htmlform.Form) bool {
	present := slices.ContainsFunc(f.Fields, isPassword)
	return passwordFields(f) > 1 || passwordFields(f) == 1 && !present
}

// registers reports whether f says that it makes a new account.
func registers(f htmlform.Form) bool {
	where := strings.ToLower(pathOf(f) + " " + f.ID + " " + f.Name)
	for _, word := range []string{"register", "registration", "signup", "sign-up", "sign_up", "createaccount",
		"create-account", "create_account"} {
		if strings.Contains(where, word) {
			return true
		}
	}
	return false
}

// textual reports whether a user name could be typed into f.
func textual(f htmlform.Field) bool {
	switch f.Type {
	case "text", "email", "tel":
		return f.Name != ""
	}
	return false
}

// userField finds the field for the user name in f: the index in f.Fields, -1 for none. More
// than one that would fit equally well is ambiguous. Fields that cannot be changed count, so
// that no other is taken for one. alone is set where there is no password in the form, or the
// user name is known already: then a field has to say that it is for a user name.
func (w *walk) userField(f htmlform.Form, alone bool) (at int, ambiguous []string) {
	tiers := []func(htmlform.Field) bool{
		func(x htmlform.Field) bool { return strings.Contains(x.Autocomplete, "username") },
		func(x htmlform.Field) bool { return x.Type == "email" },
		func(x htmlform.Field) bool { return w.isUserName(x.Name) || w.isUserName(x.ID) },
		func(htmlform.Field) bool { return !alone },
	}
	if w.UserField != "" {
		tiers = []func(htmlform.Field) bool{func(x htmlform.Field) bool {
			return x.Name == w.UserField ||
				x.ID == w.UserField
		}}
	}
	for i, tier := range tiers {
		var found []int
		for j, x := range f.Fields {
			if textual(x) && tier(x) && !w.isCode(x) {
				found = append(found, j)
			}
		}
		switch {
		case len(found) == 1:
			return found[0], nil
		case len(found) > 1 && i < len(tiers)-1, len(found) > 1 && w.UserField != "":
			return -1, namesOf(f, found)
		case len(found) > 1:
			return -1, namesOf(f, found)
		}
	}
	return -1, nil
}

// isUserName reports whether a name or id is that of a field for the user's name.
func (w *walk) isUserName(name string) bool {
	name = strings.ToLower(name)
	return slices.Contains(userNames, name) || slices.Contains(w.product.userFields, name)
}

// knowsUser reports whether a hidden field has the user's name from a page before.
func (w *walk) knowsUser(f htmlform.Field) bool {
	return f.Type == "hidden" && (strings.EqualFold(f.Value, w.User) || strings.EqualFold(f.Value, w.userName()))
}

func namesOf(f htmlform.Form, at []int) (names []string) {
	for _, i := range at {
		names = append(names, f.Fields[i].Name)
	}
	return names
}

// codeWords are parts of names and ids of fields for one-time codes, in lower case.
var codeWords = []string{"otp", "passcode", "oath", "verification", "challengequestionanswer", "securitycode",
	"security_code", "smscode", "mfacode", "mfatoken"}

// isCode reports whether f is a field for a one-time code.
func (w *walk) isCode(f htmlform.Field) bool {
	switch f.Type {
	case "text", "tel", "number", "password":
	default:
		return false
	}
	if f.Name == "" || f.ReadOnly || f.Type == "password" && w.passwordFields[f.Name] {
		return false
	}
	if w.CodeField != "" {
		return f.Name == w.CodeField || f.ID == w.CodeField
	}
	if onceOnly(f) {
		return true
	}
	for _, name := range []string{strings.ToLower(f.Name), strings.ToLower(f.ID)} {
		if f.Type == "password" && oneTime(name) {
			return true
		}
		if name == "code" || name == "token" || slices.Contains(w.product.codeFields, name) {
			return f.Type != "password" || len(w.passwordAt) > 0
		}
		for _, word := range codeWords {
			if strings.Contains(name, word) {
				return f.Type != "password" || len(w.passwordAt) > 0
			}
		}
	}
	return false
}

// oneTime reports whether a name, in lower case, is that of a one-time code and of no password:
// not "passcode", which some call the password, nor "motpasse".
func oneTime(name string) bool {
	for _, word := range []string{"otp", "totp", "oath"} {
		before, found := strings.CutSuffix(name, word)
		if strings.HasPrefix(name, word) || found && strings.ContainsAny(before[len(before)-1:], "_-.:") {
			return true
		}
	}
	return false
}

// codeField finds the field for a code in f, -1 for none.
func (w *walk) codeField(f htmlform.Form) int { return slices.IndexFunc(f.Fields, w.isCode) }

// unfilled returns the names of the fields beside those in filled that somebody is expected
// to type something into. Beside a password that is a captcha, a domain or a second secret.
func unfilled(f htmlform.Form, filled map[int]string) (names []string) {
	for i, x := range f.Fields {
		if _, done := filled[i]; !done && typed(x) && (x.Required || x.Value == "") {
			names = append(names, x.Name)
		}
	}
	return names
}

// button returns the index of the button that Enter would press, -1 if there is none: the
// first that does not say no, or the one that the configuration chose.
func (w *walk) button(f htmlform.Form) int {
	first := -1
	for i, x := range f.Fields {
		if !presses(x) {
			continue
		}
		if x.Name != "" && slices.Contains(w.Choices, Choice{x.Name, x.Value}) {
			return i
		}
		if first < 0 && !saysNo(x) {
			first = i
		}
	}
	return first
}

// saysNo reports whether a button refuses what the page is about.
func saysNo(f htmlform.Field) bool {
	for _, text := range []string{f.Name, f.Value, f.Text, f.ID} {
		text = strings.ToLower(strings.TrimSpace(text))
		if text == "no" {
			return true
		}
		for _, word := range []string{"cancel", "reject", "decline", "deny", "refuse", "disagree", "abort"} {
			if strings.Contains(text, word) {
				return true
			}
		}
	}
	return false
}
