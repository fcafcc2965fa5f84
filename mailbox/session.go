package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	clock "github.com/ssoexchange/ssoexchange/internal/deadline"
)

// What one connection, one command and one look may take.
const (
	patience  = 30 * time.Second // for the connection, and for each command
	goodbye   = time.Second      // for the last one
	lineBytes = 256 << 10        // of answers that are lines, not mails
	uidBytes  = 32 << 10         // of answers that are UIDs: the library sorts them one by one
	maxHeads  = 200              // mails whose sender is looked at
	maxHead   = 4 << 10          // bytes of a From header
	maxMail   = 1 << 20          // bytes of a mail that are read; a code stands at its beginning
)

var errSilent = fmt.Errorf("no answer within %v", patience)

// session is a connection that is signed in, with the folder open.
type session struct {
	m      *Mailbox
	conn   *metered
	client *imapclient.Client
	news   chan struct{} // holds one element when the number of mails has changed
	idles  bool          // the server has IDLE
	warned bool          // it has been logged that mails are missing from its answers

	validity, next uint32 // of the folder when it was opened: UIDVALIDITY and UIDNEXT
}

// open connects, signs in and opens the folder.
func (m *Mailbox) open(ctx context.Context) (*session, error) {
	s, err := m.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err = s.do(ctx, lineBytes, s.greeting); err == nil {
		err = m.login(ctx, s)
	} else if said := new(imap.Error); errors.As(err, &said) {
		err = m.unreachable("sends callers away: "+code(said), "try again later", nil)
	}
	if err == nil {
		err = s.do(ctx, lineBytes, func() error {
			caps := s.client.Caps()
			s.idles = caps.Has(imap.CapIdle) || caps.Has(imap.CapIMAP4rev2)
			return nil
		})
	}
	if err == nil {
		err = s.examine(ctx, m.folder)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	m.c.Logger.DebugContext(ctx, "mailbox opened", "folder", m.folder, "host", m.host, "user", m.user, "idle", s.idles)
	return s, nil
}

// greeting waits for the server's greeting. Where a server sends its callers away the
// library has two things to tell, that and the end of the connection, and picks one at
// random each time it is asked; so it is asked often enough.
func (s *session) greeting() (err error) {
	for range 32 {
		err = s.client.WaitGreeting()
		if said := new(imap.Error); err == nil || errors.As(err, &said) {
			break
		}
	}
	return err
}

func (m *Mailbox) connect(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSilent)
	defer cancel()
	raw, err := m.c.Dial(ctx, "tcp", m.addr)
	if err != nil {
		return nil, m.dialling(ctx, err)
	}
	if m.c.URL.Scheme == "imaps" {
		config := &tls.Config{}
		if m.c.TLS != nil {
			config = m.c.TLS.Clone()
		}
		config.ServerName, config.NextProtos = m.host, nil
		config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
		secure := tls.Client(raw, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, m.dialling(ctx, err)
		}
		raw = secure
	}
	s := &session{m: m, conn: &metered{Conn: raw}, news: make(chan struct{}, 1)}
	s.conn.allow(lineBytes)
	s.client = imapclient.New(s.conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				select {
				case s.news <- struct{}{}:
				default:
				}
			}
		},
	}})
	return s, nil
}

// do talks to the server, who may say so many bytes within the usual time. The library
// waits for ever, so the connection is cut, and the call abandoned, when time is up or
// ctx ends; what f assigns counts only without an error. An error is an [imap.Error],
// which is the server's own answer, or says what became of the connection.
func (s *session) do(ctx context.Context, bytes int64, f func() error) error {
	s.conn.allow(bytes)
	inner, cancel := context.WithTimeoutCause(ctx, patience, errSilent)
	defer cancel()
	stop := context.AfterFunc(inner, func() { s.conn.Close() })
	err := clock.Call(inner, f)
	if !stop() && err == nil {
		err = context.Cause(inner) // it is cut now
	}
	var said *imap.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case inner.Err() != nil:
		return s.m.unreachable("is silent", "try again later", errSilent)
	case s.conn.over():
		return autherr.New(autherr.ErrBadAnswer, "mailbox: "+s.m.host+" says more than it was asked for", "")
	case errors.As(err, &said):
		return said
	case s.conn.ended.Load():
		return s.m.unreachable("has closed the connection", "try again later", nil)
	}
	// Not wrapped: the text may repeat what the server said.
	return autherr.New(autherr.ErrBadAnswer, "mailbox: the answer of "+s.m.host+" is not understood", "is it an IMAP server that listens there?")
}

// examine opens the folder, read-only, and notes which mail would be the next one.
func (s *session) examine(ctx context.Context, folder string) error {
	var data *imap.SelectData
	err := s.do(ctx, lineBytes, func() (err error) {
		data, err = s.client.Select(folder, &imap.SelectOptions{ReadOnly: true}).Wait()
		return err
	})
	var said *imap.Error
	switch {
	case errors.As(err, &said) && passing(said):
		return s.m.unreachable("cannot open "+folder+" now: "+code(said), "try again later", nil)
	case said != nil:
		return autherr.New(autherr.ErrConfig, "mailbox: the folder "+folder+" cannot be opened: "+code(said),
			"the path of MFAMailbox is the folder's name as IMAP has it, INBOX unless given")
	case err != nil:
		return err
	}
	s.validity, s.next = data.UIDValidity, uint32(data.UIDNext)
	if s.next != 0 {
		return nil
	}
	// A server that does not say (RFC 3501 allowed that): one more than the last.
	uids, err := s.search(ctx, imap.UIDRange{Start: 0, Stop: 0}, 1)
	s.next = 1
	if len(uids) > 0 {
		s.next = uint32(uids[0]) + 1
	}
	return err
}

// newest is the range of the last n UIDs that can be taken.
func (s *session) newest(n uint32) imap.UIDRange {
	return from(max(1, int64(s.next)-int64(n)))
}

func from[T uint32 | int64](uid T) imap.UIDRange { return imap.UIDRange{Start: imap.UID(uid), Stop: 0} }

// search returns the mails of a range, newest first, at most so many.
func (s *session) search(ctx context.Context, r imap.UIDRange, most int) ([]imap.UID, error) {
	var data *imap.SearchData
	err := s.do(ctx, uidBytes, func() (err error) {
		data, err = s.client.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{{r}}}, nil).Wait()
		return err
	})
	if err != nil {
		return nil, s.refusedTo("search", err)
	}
	set, _ := data.All.(imap.UIDSet)
	var uids []imap.UID
	for _, part := range slices.Backward(set) {
		if part.Start == 0 || part.Stop == 0 {
			continue // no mail has this number
		}
		// A range to * always has the last mail in it, also if that is before its start.
		for uid := part.Stop; uid >= max(part.Start, r.Start, 1); uid-- {
			if uids = append(uids, uid); len(uids) == most {
				return uids, nil
			}
		}
	}
	return uids, nil
}

// head is what is looked at before a mail is read.
type head struct {
	uid  imap.UID
	at   time.Time // INTERNALDATE
	from []byte    // the header fields of this name
}

// heads returns the heads of a range, newest first. It begins with NOOP: a mail that has
// come since the last command need not show before it (RFC 9051 section 7).
func (s *session) heads(ctx context.Context, r imap.UIDRange) ([]head, error) {
	if err := s.do(ctx, lineBytes, func() error { return s.client.Noop().Wait() }); err != nil {
		return nil, s.refusedTo("be asked", err)
	}
	uids, err := s.search(ctx, r, maxHeads)
	if err != nil || len(uids) == 0 {
		return nil, err
	}
	section := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"From"}, Peek: true,
		Partial: &imap.SectionPartial{Size: maxHead}}
	got, err := s.fetch(ctx, uids, lineBytes+maxHeads*maxHead, &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{section}})
	var out []head
	for _, b := range got {
		if len(b.BodySection) > 0 {
			out = append(out, head{b.UID, b.InternalDate, b.BodySection[0].Bytes})
		}
	}
	slices.SortFunc(out, func(a, b head) int { return int(int64(b.uid) - int64(a.uid)) })
	return out, err
}

// letter returns the beginning of a mail, nil if it is gone.
func (s *session) letter(ctx context.Context, uid imap.UID) ([]byte, error) {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: maxMail}}
	got, err := s.fetch(ctx, []imap.UID{uid}, maxMail+lineBytes, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
	if err != nil || len(got) == 0 || len(got[0].BodySection) == 0 {
		return nil, err
	}
	return got[0].BodySection[0].Bytes, nil
}

func (s *session) fetch(ctx context.Context, uids []imap.UID, bytes int64, o *imap.FetchOptions) (got []*imapclient.FetchMessageBuffer, err error) {
	err = s.do(ctx, bytes, func() (err error) {
		got, err = s.client.Fetch(imap.UIDSetNum(uids...), o).Collect()
		return err
	})
	if err == nil && len(got) < len(uids) && !s.warned {
		// The library drops an answer that has the UID behind the mail.
		s.warned = true
		s.m.c.Logger.WarnContext(ctx, "mailbox: the server has not given all mails that it was asked for, or in a form that is not understood",
			"asked", len(uids), "given", len(got), "folder", s.m.folder, "host", s.m.host)
	}
	if err != nil {
		return nil, s.refusedTo("fetch", err)
	}
	return got, nil
}

// refusedTo gives a server's NO to what every server must do the kind that it has.
func (s *session) refusedTo(what string, err error) error {
	if said := new(imap.Error); errors.As(err, &said) {
		return s.m.unreachable("refuses to "+what+": "+code(said), "try again later", nil)
	}
	return err
}

// leave says goodbye and closes.
func (s *session) leave() {
	s.conn.allow(lineBytes)
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_ = clock.Call(ctx, func() error { s.client.Logout(); return nil })
	s.close()
}

// close closes the connection. The library waits for its reader to end; nobody else does.
func (s *session) close() {
	s.conn.Close()
	go s.client.Close()
}
