package ethpass

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The chains of passes. The option chain says which one the passes of this server are of (E-6).
const (
	evm    = "evm"
	solana = "solana"
)

// chain is the blockchain of a pass, as requests name it.
type chain struct {
	Name    string  `json:"name"`
	Network natural `json:"network"`
}

// natural is a whole number as text or as a number (E-5); of a network also a name. "" is none.
type natural string

// UnmarshalJSON reads a string or a number.
func (n *natural) UnmarshalJSON(raw []byte) error {
	var text string
	if raw[0] != '"' {
		*n = natural(raw)
		if string(raw) == "null" {
			*n = ""
		}
		return nil
	}
	err := json.Unmarshal(raw, &text)
	*n = natural(text)
	return err
}

// isDigits says whether n is a decimal number of at most that many digits.
func (n natural) isDigits(most int) bool {
	return n != "" && len(n) <= most && strings.Trim(string(n), "0123456789") == "" && (n == "0" || n[0] != '0')
}

const (
	maxNetworkDigits = 15 // a JavaScript client reads such a number exactly
	maxTokenDigits   = 78 // of 2^256
)

// network reads a network of the chain of this server's passes, in the form of the passes.
func (a *api) network(where string, c chain) (json.RawMessage, error) {
	plays := a.Provider.Option("chain")
	if c.Name != evm && c.Name != solana {
		return nil, invalid("%s.name %.40q: want evm or solana.", where, c.Name)
	}
	if c.Name != plays {
		return nil, invalid("%s.name %q: the passes of this server are of %s: start it with the option %s.chain=%s.",
			where, c.Name, plays, a.Provider.Name, c.Name)
	}
	if c.Name == solana {
		if !isNetworkName(string(c.Network)) {
			return nil, invalid("%s.network %.40q: want the name of a network of Solana, as in mainnet.", where, c.Network)
		}
		return json.Marshal(string(c.Network))
	}
	if !c.Network.isDigits(maxNetworkDigits) || c.Network == "0" {
		return nil, invalid("%s.network %.40q: want the id of an EVM network, as in 1 or \"1\".", where, c.Network)
	}
	if a.Provider.Option("network") == "number" {
		return json.RawMessage(c.Network), nil
	}
	return json.Marshal(string(c.Network))
}

func isNetworkName(text string) bool {
	return text != "" && len(text) <= 32 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// owner reads the address of a wallet, in the form of the passes.
func (a *api) owner(where, address string) (string, error) {
	switch {
	case a.Provider.Option("chain") == solana && isSolanaAddress(address):
		return address, nil
	case a.Provider.Option("chain") == evm && isAddress(address):
		return checksummed(address), nil
	}
	return "", invalid("%s %.80q: %s", where, address, a.wantAddress())
}

func (a *api) wantAddress() string {
	if a.Provider.Option("chain") == solana {
		return "want an address of Solana, 32 to 44 characters of base58."
	}
	return "want an address: 0x and 40 hex digits."
}

// nft is a token of a pass.
type nft struct {
	ContractAddress   string  `json:"contractAddress"`
	ContractInterface string  `json:"contractInterface"`
	TokenID           natural `json:"tokenId"`
}

// readNFT returns a token in the form of the passes.
func (a *api) readNFT(where string, n nft) (nft, error) {
	onSolana := a.Provider.Option("chain") == solana
	switch {
	case onSolana && isSolanaAddress(n.ContractAddress):
	case !onSolana && isAddress(n.ContractAddress):
		n.ContractAddress = strings.ToLower(n.ContractAddress)
	default:
		return nft{}, invalid("%s.contractAddress %.80q: %s", where, n.ContractAddress, a.wantAddress())
	}
	if !n.TokenID.isDigits(maxTokenDigits) {
		return nft{}, invalid("%s.tokenId %.80q: want 1 to %d digits.", where, n.TokenID, maxTokenDigits)
	}
	switch {
	case n.ContractInterface == "" && onSolana:
		n.ContractInterface = "metaplex"
	case n.ContractInterface == "":
		n.ContractInterface = "0x80ac58cd" // ERC-721, as in the example of "Using Webhooks"
	case !isHex(n.ContractInterface, 8) && n.ContractInterface != "metaplex":
		return nft{}, invalid("%s.contractInterface %.40q: want the id of an interface, as in 0x80ac58cd.", where, n.ContractInterface)
	}
	n.ContractInterface = strings.ToLower(n.ContractInterface)
	return n, nil
}

// maxNFTs bounds the tokens of one pass.
const maxNFTs = 100

func (a *api) readNFTs(one *nft, many []nft) ([]nft, error) {
	where := "nfts[%d]"
	if one != nil {
		if many != nil {
			return nil, invalid("nft, nfts: give one of them.")
		}
		many, where = []nft{*one}, "nft"
	}
	if len(many) > maxNFTs {
		return nil, invalid("nfts: %d tokens, at most %d.", len(many), maxNFTs)
	}
	list := make([]nft, len(many))
	for i := range many {
		at := where
		if one == nil {
			at = fmt.Sprintf(where, i)
		}
		var err error
		if list[i], err = a.readNFT(at, many[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}
