package cookiejar

import "bufio"

// storageState is what Playwright's browserContext.storageState writes and
// browser.newContext({storageState}) reads.
type storageState struct {
	Cookies []playwrightCookie `json:"cookies"`
	Origins []struct{}         `json:"origins"`
}

type playwrightCookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Domain   string `json:"domain"`  // leading dot: subdomains too
	Path     string `json:"path"`    //
	Expires  int64  `json:"expires"` // seconds since 1970, -1: session
	HTTPOnly bool   `json:"httpOnly"`
	Secure   bool   `json:"secure"`
	SameSite string `json:"sameSite"` // one of the three, never empty
}

func writePlaywright(w *bufio.Writer, cs []Cookie) error {
	state := storageState{Cookies: []playwrightCookie{}, Origins: []struct{}{}}
	for _, c := range cs {
		p := playwrightCookie{
			Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Expires: -1,
			HTTPOnly: c.HttpOnly, Secure: c.Secure, SameSite: c.SameSite,
		}
		if !c.HostOnly {
			p.Domain = "." + p.Domain
		}
		if !c.Expires.IsZero() {
			p.Expires = c.Expires.Unix()
		}
		if p.SameSite == "" {
			p.SameSite = "Lax" // what browsers assume of a cookie that says nothing
		}
		state.Cookies = append(state.Cookies, p)
	}
	return writeDocument(w, state)
}
