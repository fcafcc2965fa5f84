//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// xmllint is libxml2's program. The schema is in its directory.
type xmllint struct {
	group *harness.Group
	dir   string
}

func (x xmllint) run(ctx context.Context, document string, args ...string) (string, error) {
	cmd := x.group.Command(ctx, "xmllint", append(append([]string{"--nonet"}, args...), "-")...)
	cmd.Dir, cmd.Stdin = x.dir, strings.NewReader(document)
	var talk strings.Builder
	cmd.Stderr = &talk
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("xmllint: %w: %.300s", err, talk.String())
	}
	return string(out), nil
}

// valid says what is wrong with a document: that it is none, or against the schema.
func (x xmllint) valid(ctx context.Context, document string) error {
	_, err := x.run(ctx, document, "--noout", "--schema", "crowd.xsd")
	return err
}

// value returns the string value of an XPath expression.
func (x xmllint) value(ctx context.Context, document, path string) (string, error) {
	// concat keeps xmllint from printing a node set as markup.
	out, err := x.run(ctx, document, "--xpath", "concat("+path+", '')")
	return strings.TrimSuffix(out, "\n"), err
}

// fits compares values with what they should be, by path.
func (x xmllint) fits(ctx context.Context, document string, want map[string]string) error {
	for path, value := range want {
		got, err := x.value(ctx, document, path)
		if err != nil {
			return err
		}
		if got != value {
			return fmt.Errorf("%s is %q, want %q", path, got, value)
		}
	}
	return nil
}

// strict makes sure that the program and the schema object to what they should. good
// is the session of ana.
func (x xmllint) strict(ctx context.Context, good string) error {
	if err := x.valid(ctx, good); err != nil {
		return err
	}
	for what, change := range map[string][]string{
		"a user without a name":       {` name="ana"`, ``},
		"a name in an element":        {` name="ana">`, `><name>ana</name>`},
		"a date without a zone":       {`Z</created-date>`, `</created-date>`},
		"another element":             {`</session>`, `<extra/></session>`},
		"an element of another name":  {`<token>`, `<sso-token>`, `</token>`, `</sso-token>`},
		"an element that is missing":  {`<token>`, `<!--`, `</token>`, `-->`},
		"a link with a space":         {`/session/`, `/session /`},
		"an undeclared entity":        {`</token>`, `&more;</token>`},
		"a bare ampersand":            {`</token>`, `& </token>`},
		"a bare bracket":              {`</token>`, `<</token>`},
		"a document of something new": {`<session `, `<sessions `, `</session>`, `</sessions>`},
	} {
		bad := strings.NewReplacer(change...).Replace(good)
		if bad == good {
			return fmt.Errorf("%s: the document cannot be spoilt like that", what)
		}
		if x.valid(ctx, bad) == nil {
			return fmt.Errorf("%s is not objected to", what)
		}
	}
	return nil
}
