package ion

// Succeeded reports whether the sign-in is done: the answer has an address to go to,
// nothing that must be done before, and no refusal beside it. An answer with an
// address and an error message is a refusal with a way home.
func (a *Answer) Succeeded() bool {
	if a.Success == nil || a.Success.Href == "" || len(a.Errors()) > 0 {
		return false
	}
	for i := range a.Remediations {
		switch a.Remediations[i].Name {
		case Skip, SuccessRedirect:
		default:
			if !Ignorable(a.Remediations[i].Name) {
				return false
			}
		}
	}
	return true
}

// Terminal reports whether the answer has nothing to go on with: not signed in, and no
// form but recovery, registration or the end. Its messages say why. A refusal of a
// request is terminal only if the form before it cannot be sent again.
func (a *Answer) Terminal() bool {
	if a.Succeeded() {
		return false
	}
	for i := range a.Remediations {
		name := a.Remediations[i].Name
		if RoleOf(name) != End && RoleOf(name) != Aside {
			return false
		}
	}
	return true
}

// Polling returns the form with which to ask again after its Refresh, nil if the
// answer does not wait for anything. A push that the user's application is too old for,
// or that lacks a fingerprint, is not waited for, nor is device probing, which is
// declined: see Decline.
func (a *Answer) Polling() *Form {
	if a.Find(MsgNumberUpgrade, MsgBiometrics, MsgPushRejected) != nil {
		return nil
	}
	if f := a.Form(ChallengePoll); f != nil && !a.fastPassChosen() {
		return f
	}
	return a.Form(Poll)
}

// fastPassChosen: challenge-poll waits for Okta Verify on this machine.
func (a *Answer) fastPassChosen() bool {
	return a.Current != nil && a.Current.Challenge != nil && !a.Current.HasCorrectAnswer
}

// Skippable returns the form that goes on without what the answer offers, nil if there
// is none or if what is offered has to be done. With skip beside a step of the sign-in
// itself the step comes first.
func (a *Answer) Skippable() *Form {
	if f := a.Form(DeviceGracePeriod); f != nil {
		return f
	}
	skip := a.Form(Skip)
	if skip == nil {
		return nil
	}
	for i := range a.Remediations {
		switch name := a.Remediations[i].Name; RoleOf(name) {
		case SignIn:
			if name != Skip {
				return nil
			}
		case Wait, Expired, Unknown:
			return nil
		}
	}
	return skip
}

// Decline returns the form that ends device probing or a FastPass challenge without an
// answer; nil if there is none.
func (a *Answer) Decline() *Form {
	var places []*Form
	if a.Challenge != nil {
		places = append(places, a.Challenge.Cancel)
	}
	if a.Current != nil {
		if a.Current.Challenge != nil {
			places = append(places, a.Current.Challenge.Cancel)
		}
		places = append(places, a.Current.Cancel)
	}
	places = append(places, a.Form(CancelTransaction))
	for _, f := range places {
		if f != nil && f.Href != "" {
			return f
		}
	}
	return nil
}

// OnlyFastPass reports whether the answer leaves no way but Okta Verify on this very
// machine: nothing but launching it, probing that cannot be declined, or a choice in
// which every method is signed_nonce.
func (a *Answer) OnlyFastPass() bool {
	wants := false
	for i := range a.Remediations {
		f := &a.Remediations[i]
		switch f.Name {
		case LaunchAuthenticator, AppleSSOExtension:
			wants = true
		case DeviceChallengePoll:
			if a.Decline() != nil {
				return false
			}
			wants = true
		case ChallengePoll:
			if !a.fastPassChosen() {
				return false
			}
			wants = true
		case SelectAuthenticate, VerificationData:
			for _, c := range f.Choices(a) {
				for _, m := range c.MethodTypes {
					if m != MethodFastPass {
						return false
					}
					wants = true
				}
				if len(c.MethodTypes) == 0 {
					return false
				}
			}
		case CancelTransaction:
		default:
			if !Ignorable(f.Name) {
				return false
			}
		}
	}
	return wants
}

// NeedsCaptcha returns the test that the form wants passed, nil if it wants none. Its
// type is empty where the answer does not say which.
func (a *Answer) NeedsCaptcha(f *Form) *Captcha {
	if f == nil || !hasCaptcha(f.Fields) {
		return nil
	}
	if a.Captcha != nil {
		return a.Captcha
	}
	return &Captcha{}
}

func hasCaptcha(fields []Field) bool {
	for i := range fields {
		if fields[i].Name == "captchaVerify" || fields[i].Hint == "captcha" || hasCaptcha(fields[i].Form) {
			return true
		}
	}
	return false
}

// OffersOf lists what the answer offers in words for an error text: authenticators by
// label and device, identity providers by name, the rest by the name of the form.
func (a *Answer) OffersOf() []string {
	var all []string
	seen := map[string]bool{}
	add := func(s string) {
		if s != "" && !seen[s] && len(all) < maxOffers {
			seen[s] = true
			all = append(all, s)
		}
	}
	for i := range a.Remediations {
		f := &a.Remediations[i]
		choices := f.Choices(a)
		switch {
		case len(choices) > 0 && f.Name != SelectEnroll:
			for _, c := range choices {
				add(c.String())
			}
		case f.IDP != nil && f.IDP.Name != "":
			add(f.Name + " " + f.IDP.Name)
		case !Ignorable(f.Name):
			add(f.Name)
		}
	}
	return all
}

// maxOffers is how many offers an error text lists.
const maxOffers = 20
