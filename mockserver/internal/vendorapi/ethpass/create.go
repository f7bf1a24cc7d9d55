package ethpass

import (
	"encoding/json"
	"net/http"

	"github.com/hookrig/hookrig/fixtures"
	"github.com/hookrig/hookrig/mockserver/internal/entities"
)

// creation is the body that creates a pass. It has the chain and the signature either itself, as in
// the API reference, or in its wallet, as in "Creating Passes".
type creation struct {
	Chain            *chain  `json:"chain"`
	Signature        string  `json:"signature"`
	SignatureMessage string  `json:"signatureMessage"`
	Wallet           *wallet `json:"wallet"`
	Platform         string  `json:"platform"`
	NFT              *nft    `json:"nft"`
	NFTs             []nft   `json:"nfts"`
	details
}

// wallet is the wallet of the pass's owner.
type wallet struct {
	Chain            *chain `json:"chain"`
	Address          string `json:"address"`
	Signature        string `json:"signature"`
	SignatureMessage string `json:"signatureMessage"`
	// RequireUniqueSignature refuses the signature of another pass of the project.
	RequireUniqueSignature bool `json:"requireUniqueSignature"`
}

// postPass creates a pass. Two passes may be of the same token ("Querying Passes").
func (a *api) postPass(w http.ResponseWriter, r *http.Request, p project) error {
	var in creation
	if err := read(w, r, &in, false); err != nil {
		return err
	}
	of, err := in.from()
	if err != nil {
		return err
	}
	given, err := a.given(&in, of)
	if err != nil {
		return err
	}
	if of.RequireUniqueSignature {
		a.changing.Lock()
		defer a.changing.Unlock()
		if err := a.isNew(p, of.Signature); err != nil {
			return err
		}
	}
	e, err := a.Entities.Create(r.Context(), a.Provider.Name, passKind, p.Name, given, func(tx *entities.Tx) error {
		if err := updateExtra(tx, func(k *passExtra) error { k.details, k.Signature = in.details, of.Signature; return nil }); err != nil {
			return err
		}
		_, err := tx.Trigger(fixtures.Step{Event: a.events.create})
		return err
	})
	return a.answerPass(w, r, &e, err)
}

// from returns the wallet of the body, in either form.
func (in *creation) from() (wallet, error) {
	if in.Wallet == nil {
		of := wallet{Chain: in.Chain, Signature: in.Signature, SignatureMessage: in.SignatureMessage}
		if of.Chain == nil {
			return of, invalid("chain: say which, as in {\"name\": \"evm\", \"network\": 1}; or give a wallet.")
		}
		if of.Signature == "" || of.SignatureMessage == "" {
			return of, invalid("signature, signatureMessage: give both, or a wallet with an address.")
		}
		return of, of.check("")
	}
	of := *in.Wallet
	if of.Chain == nil {
		return of, invalid("wallet.chain: say which, as in {\"name\": \"evm\", \"network\": 1}.")
	}
	if of.Address == "" {
		return of, invalid("wallet.address: say whose the pass is.")
	}
	if of.Signature == "" && of.RequireUniqueSignature {
		return of, invalid("wallet.signature: there is none to be unique.")
	}
	return of, of.check("wallet.")
}

func (w *wallet) check(where string) error {
	if len(w.Signature) > maxText || len(w.SignatureMessage) > maxText {
		return invalid("%[1]ssignature, %[1]ssignatureMessage: at most %[2]d bytes each.", where, maxText)
	}
	return nil
}

// given returns the fields of the pass.
func (a *api) given(in *creation, of wallet) (fixtures.Overrides, error) {
	where := "wallet.chain"
	if in.Wallet == nil {
		where = "chain"
	}
	network, err := a.network(where, *of.Chain)
	if err != nil {
		return nil, err
	}
	given := fixtures.Overrides{"network": network}
	values := map[string]any{}
	switch {
	case of.Address != "":
		if values["owner"], err = a.owner("wallet.address", of.Address); err != nil {
			return nil, err
		}
	case a.Provider.Option("chain") == evm:
		values["owner"] = addressOf(of.Signature)
	}
	if values["nfts"], err = a.readNFTs(in.NFT, in.NFTs); err != nil {
		return nil, err
	}
	switch in.Platform {
	case "":
		values["platform"] = "apple"
	case "apple", "google":
		values["platform"] = in.Platform
	default:
		return nil, invalid("platform %.40q: want apple or google.", in.Platform)
	}
	for name, value := range values {
		if given[name], err = json.Marshal(value); err != nil {
			return nil, err
		}
	}
	return given, in.details.check()
}

// isNew refuses a signature that a pass of the project was created with.
func (a *api) isNew(p project, signature string) error {
	for _, e := range a.Entities.List(a.Provider.Name, p.Name, passKind) {
		k, err := readExtra(e.Extra)
		if err != nil {
			return err
		}
		if k.Signature == signature {
			return invalid("wallet.signature: pass %q was made with it, and requireUniqueSignature is set: have the owner sign another message.", e.ID)
		}
	}
	return nil
}
