//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// person signs in at the server's pages and presses its buttons, as a browser without scripts does.
type person struct {
	login, password string
	deny            bool
	client          *http.Client
}

func newPerson(login, password string) *person {
	jar, _ := cookiejar.New(nil) // it has no error
	return &person{login: login, password: password, client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*>`)
	inputTag = regexp.MustCompile(`<input[^>]*>`)
	button   = regexp.MustCompile(`<button name="([^"]*)" value="([^"]*)">`)
	attr     = regexp.MustCompile(`([a-z]+)="([^"]*)"`)
)

func attributes(tag string) map[string]string {
	all := make(map[string]string)
	for _, m := range attr.FindAllStringSubmatch(tag, -1) {
		all[m[1]] = html.UnescapeString(m[2])
	}
	return all
}

// visit follows the pages from address on, until one sends the browser to another origin, and returns
// where to; "" if it ends at the server, as a device authorization does.
func (p *person) visit(ctx context.Context, address string) (string, error) {
	at, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	home, form := at.Host, url.Values(nil)
	for range 12 {
		method, body := http.MethodGet, io.Reader(nil)
		if form != nil {
			method, body = http.MethodPost, strings.NewReader(form.Encode())
		}
		r, err := http.NewRequestWithContext(ctx, method, at.String(), body)
		if err != nil {
			return "", err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := p.client.Do(r)
		if err != nil {
			return "", err
		}
		page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		resp.Body.Close()
		if err != nil {
			return "", err
		}
		to, err := resp.Location()
		switch {
		case err == nil && to.Host != home:
			return to.String(), nil
		case err == nil:
			at, form = to, nil
			continue
		case resp.StatusCode != http.StatusOK:
			return "", fmt.Errorf("a page has status %d: %.300s", resp.StatusCode, page)
		}
		tag := formTag.FindString(string(page))
		if tag == "" {
			return "", nil
		}
		form = p.fill(string(page))
		if at, err = at.Parse(attributes(tag)["action"]); err != nil {
			return "", err
		}
	}
	return "", errors.New("the pages do not end")
}

// fill fills in the page's form and presses a button.
func (p *person) fill(page string) url.Values {
	form := make(url.Values)
	for _, tag := range inputTag.FindAllString(page, -1) {
		a := attributes(tag)
		switch value := a["value"]; {
		case a["type"] == "password":
			form.Set(a["name"], p.password)
		case a["name"] == "login":
			form.Set(a["name"], p.login)
		case a["name"] != "":
			form.Set(a["name"], value)
		}
	}
	if buttons := button.FindAllStringSubmatch(page, -1); len(buttons) > 0 {
		pressed := buttons[0]
		if p.deny {
			pressed = buttons[len(buttons)-1]
		}
		form.Set(pressed[1], pressed[2])
	}
	return form
}
