"""The tests of Segue: unit, stores, flows, clients, attacks, browser and wire."""
