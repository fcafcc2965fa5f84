package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/spf13/cobra"

	"github.com/ssoexchange/ssoexchange/cmd/ssoexchange/internal/files"
)

func (a *app) stateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Move the tokens of a connection to another machine (OAuth)",
		Long: `state moves what a person's consent has brought to a machine without a browser. Two machines
that renew one token end it for both: after an export this machine does not use it any more.

What is moved is encrypted with age, to a passphrase or to a recipient's public key. The file is good
for one import, as soon as the other machine has renewed the token.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.stateExportCommand(), a.stateImportCommand())
	return cmd
}

type stateFlags struct {
	output, recipient, passphraseFile, identityFile string
}

func (a *app) stateExportCommand() *cobra.Command {
	var f stateFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the encrypted tokens, and use them here no more",
		Example: `  ssoexchange state export -p work --recipient age1… --output work.age
  ssoexchange state export -p work --passphrase-file p.txt | ssh bot ssoexchange state import -p work --passphrase-file p.txt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.stateExport(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.output, "output", "", "write to `FILE` (mode 0600); default: standard output")
	cmd.Flags().StringVar(&f.recipient, "recipient", "", "encrypt to this age public key, `age1…`")
	cmd.Flags().StringVar(&f.passphraseFile, "passphrase-file", "", "encrypt with the passphrase in the first line of `FILE`; default: it is asked for")
	cmd.MarkFlagsMutuallyExclusive("recipient", "passphrase-file")
	return cmd
}

func (a *app) stateImportCommand() *cobra.Command {
	var f stateFlags
	cmd := &cobra.Command{
		Use:   "import [FILE]",
		Short: "Take over the tokens of another machine",
		Example: `  ssoexchange state import -p work work.age
  ssoexchange state import -p work --identity key.txt < work.age`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := "-"
			if len(args) > 0 {
				name = args[0]
			}
			return a.stateImport(cmd.Context(), name, f)
		},
	}
	cmd.Flags().StringVar(&f.identityFile, "identity", "", "decrypt with the age key in `FILE` (AGE-SECRET-KEY-1…)")
	cmd.Flags().StringVar(&f.passphraseFile, "passphrase-file", "", "decrypt with the passphrase in the first line of `FILE`; default: it is asked for")
	cmd.MarkFlagsMutuallyExclusive("identity", "passphrase-file")
	return cmd
}

func (a *app) stateExport(ctx context.Context, f stateFlags) error {
	to, err := a.recipientOf(ctx, f)
	if err != nil {
		return err
	}
	client, _, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Export(ctx, func(data []byte) error {
		var b bytes.Buffer
		text := armor.NewWriter(&b)
		w, err := age.Encrypt(text, to)
		if err == nil {
			_, err = w.Write(data)
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			err = text.Close()
		}
		if err != nil {
			return fmt.Errorf("encrypting the state: %w", err)
		}
		if f.output == "" {
			_, err = a.stdout.Write(b.Bytes())
			return err
		}
		return files.WriteSecret(f.output, b.Bytes())
	})
}

// maxState bounds an exported state, in bytes.
const maxState = 1 << 20

func (a *app) stateImport(ctx context.Context, name string, f stateFlags) error {
	text, err := a.input().Text(name)
	if err != nil {
		return err
	}
	if len(text) > maxState {
		return configError("this is no exported state: it is too large", "")
	}
	from, err := a.identityOf(ctx, f)
	if err != nil {
		return err
	}
	client, _, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	defer client.Close()
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(strings.TrimSpace(text)+"\n")), from...)
	if err != nil { // its words say nothing of what is inside
		hint := "is it the file that state export wrote, whole?"
		if no := (*age.NoIdentityMatchError)(nil); errors.As(err, &no) {
			hint = "is it the passphrase, or the key, that it was exported for?"
		}
		return configError("the exported state cannot be decrypted", hint)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxState))
	if err != nil {
		return configError("the exported state is damaged", "export it again")
	}
	user, err := client.Import(ctx, data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "the tokens of %s at %s are here now\n", user, client.Identity().SP)
	return err
}

// recipientOf is for whom an export is encrypted.
func (a *app) recipientOf(ctx context.Context, f stateFlags) (age.Recipient, error) {
	if f.recipient != "" {
		to, err := age.ParseX25519Recipient(f.recipient)
		if err != nil {
			return nil, configError("--recipient is no age public key", "it begins with age1; make a pair with age-keygen")
		}
		return to, nil
	}
	passphrase, err := a.passphrase(ctx, f.passphraseFile)
	if err != nil {
		return nil, err
	}
	return age.NewScryptRecipient(passphrase)
}

// identityOf is who can decrypt it.
func (a *app) identityOf(ctx context.Context, f stateFlags) ([]age.Identity, error) {
	if f.identityFile != "" {
		text, err := a.input().Text(f.identityFile)
		if err != nil {
			return nil, err
		}
		keys, err := age.ParseIdentities(strings.NewReader(text))
		if err != nil { // it may quote a key
			return nil, configError("--identity holds no age key", "it is a line that begins with AGE-SECRET-KEY-1")
		}
		return keys, nil
	}
	passphrase, err := a.passphrase(ctx, f.passphraseFile)
	if err != nil {
		return nil, err
	}
	key, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, configError("the passphrase cannot be used", "")
	}
	return []age.Identity{key}, nil
}

// passphrase reads one, or asks for it.
func (a *app) passphrase(ctx context.Context, file string) (string, error) {
	text, err := "", error(nil)
	if file != "" {
		if text, err = a.input().Text(file); err != nil {
			return "", err
		}
		text, _, _ = strings.Cut(text, "\n")
		text = strings.TrimSuffix(text, "\r")
	} else if !a.tui.CanAsk() {
		return "", configError("there is no passphrase and nobody to ask", "give --passphrase-file, --recipient or --identity")
	} else if text, err = a.tui.Ask(ctx, "passphrase: "); err != nil {
		return "", err
	}
	if text == "" {
		return "", configError("the passphrase is empty", "")
	}
	return text, nil
}
