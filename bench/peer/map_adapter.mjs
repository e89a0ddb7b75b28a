// Storage for the peer, by its documented adapter interface: plain maps, nothing evicted, nothing written to a disk.
// The adapter that comes with it holds a thousand entries, fewer than a round of the benchmark makes.
const records = new Map();
const sessions = new Map();
const grants = new Map();

export class MapAdapter {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    const key = this.key(id);
    if (this.model === 'Session') sessions.set(payload.uid, id);
    if (payload.grantId) {
      const members = grants.get(payload.grantId);
      if (members) members.add(key);
      else grants.set(payload.grantId, new Set([key]));
    }
    records.set(key, payload);
  }

  async find(id) {
    const payload = records.get(this.key(id));
    return payload && payload.exp > Date.now() / 1000 ? payload : undefined;
  }

  async findByUid(uid) {
    return this.find(sessions.get(uid));
  }

  async findByUserCode() {
    return undefined;
  }

  async consume(id) {
    records.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    records.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const key of grants.get(grantId) ?? []) records.delete(key);
    grants.delete(grantId);
  }
}
