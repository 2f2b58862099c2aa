/**
 * A server as configurations and votes know it: a node, in one of its memories. `2` is node 2 as it was founded or
 * added; `2#1` is the same node after it came back without its memory. To the protocol they are two servers, for the
 * second has forgotten what the first promised (thesis, section 3.8: what is persistent must never be lost).
 */
export type Member = string;

export function nodeOfMember(member: Member): string {
  const mark = member.indexOf('#');
  return mark === -1 ? member : member.slice(0, mark);
}

/** The member that a node becomes when it has lost the memory of this one. */
export function nextLifeOf(member: Member): Member {
  return `${nodeOfMember(member)}#${lifeOf(member) + 1}`;
}

/** Of these members, the latest one that is the node. */
export function latestOf(members: readonly Member[], node: string): Member | undefined {
  return members.filter((member) => nodeOfMember(member) === node).sort((a, b) => lifeOf(b) - lifeOf(a))[0];
}

function lifeOf(member: Member): number {
  const mark = member.indexOf('#');
  return mark === -1 ? 0 : Number(member.slice(mark + 1));
}
