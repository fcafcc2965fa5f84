package mailbox

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Bounds of a mail's structure. Okta's have one or two parts.
const (
	maxDepth  = 5
	maxParts  = 32
	maxHeader = 128 << 10 // bytes of a mail's header
)

// sender returns the one address of the one From field, in lower case; "" if there is
// not exactly one. There is one field in every honest mail (RFC 5322 section 3.6), and Okta's
// name one address.
func sender(header []byte) string {
	e, err := message.ReadWithOptions(io.MultiReader(bytes.NewReader(header), strings.NewReader("\r\n\r\n")), &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if e == nil || err != nil && !readable(err) {
		return ""
	}
	return senderOf(e)
}

func senderOf(e *message.Entity) string {
	if e.Header.FieldsByKey("From").Len() != 1 {
		return ""
	}
	h := mail.Header{Header: e.Header}
	list, err := h.AddressList("From")
	if err != nil || len(list) != 1 {
		return ""
	}
	return strings.ToLower(list[0].Address)
}

// readable: the entity is there, only its characters may be wrong. Digits are the same in
// every character set that mail is written in.
func readable(err error) bool { return message.IsUnknownCharset(err) || message.IsUnknownEncoding(err) }

// codeOf returns the code in a mail of the sender, "" if there is none, an error if it is
// not clear which one it is. The mail may be cut off.
func codeOf(data []byte, from string) (string, error) {
	e, err := message.ReadWithOptions(bytes.NewReader(data), &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if e == nil || err != nil && !readable(err) || senderOf(e) != strings.ToLower(from) {
		return "", nil
	}
	var t texts
	t.add(e, 0)
	for _, text := range []string{t.plain.String(), t.html.String()} {
		got, clear := findCode(text)
		if !clear {
			return "", autherr.New(autherr.ErrPassCodeNeeded, "mailbox: a mail from "+from+" has several numbers that could be the code",
				"read it, and sign in again with the code (MFAPassCode)")
		}
		if got != "" {
			return got, nil
		}
	}
	return "", nil
}

// texts are what a mail says, in either of its forms.
type texts struct {
	plain, html strings.Builder
	parts       int
}

func (t *texts) add(e *message.Entity, depth int) {
	if t.parts++; t.parts > maxParts || depth > maxDepth {
		return
	}
	kind, params, err := e.Header.ContentType()
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) || kind == "" {
		kind = "text/plain" // RFC 2045 section 5.2
	}
	if strings.HasPrefix(kind, "multipart/") {
		if params["boundary"] == "" {
			return
		}
		for r := e.MultipartReader(); ; {
			part, err := r.NextPart()
			if part == nil || err != nil && !readable(err) || t.parts > maxParts {
				return
			}
			t.add(part, depth+1)
		}
	}
	if disposition, _, _ := e.Header.ContentDisposition(); disposition == "attachment" {
		return
	}
	switch kind {
	case "text/plain":
		_, _ = io.Copy(&t.plain, io.LimitReader(e.Body, maxMail)) // what could be read counts
		t.plain.WriteByte('\n')
	case "text/html":
		page, _ := io.ReadAll(io.LimitReader(e.Body, maxMail))
		pageText(&t.html, page)
	}
}

// pageText writes what a person would read of a page, elements apart from each other.
func pageText(out *strings.Builder, page []byte) {
	z := html.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(maxMail)
	unseen := 0
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			out.WriteByte('\n')
			return
		case html.TextToken:
			if unseen == 0 {
				out.Write(z.Text())
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch a := atom.Lookup(name); a {
			case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template:
				if kind == html.StartTagToken {
					unseen++
				} else if unseen > 0 && kind == html.EndTagToken {
					unseen--
				}
			case atom.Body:
				unseen = 0 // a head that nobody closed
			case atom.A, atom.B, atom.Strong, atom.Em, atom.I, atom.Span, atom.Font, atom.U:
			default:
				out.WriteByte('\n')
			}
		}
	}
}
