// Package entities keeps what the vendor APIs work with: tenants with their API keys, and entities.
//
// An Entity is what events are about: a pass, a customer, a membership. Registry.Create makes one
// and Registry.Update changes it in a transaction, by the transitions of the provider's file: when
// the transaction ends, the entity is stored and its events are emitted through package delivery.
//
//	pass, err := r.Create(ctx, "neostore", "pass", "", nil, func(tx *entities.Tx) error {
//		_, err := tx.Trigger(fixtures.Step{Event: "Pass:Created"})
//		return err
//	})
//
// A Tenant is a customer of a provider, and its Keys say who may call the provider's own API.
// Entities and tenants are documents of the store, so New finds those of an earlier process again.
package entities
