/**
 * All that one realm of two nodes is enough for. A file of its own each, they would be dealt to several processes, and every
 * process would start a realm, which costs a fifth of all that tests on real nodes take.
 */
import './realm.smoke.ts';
import './realm.network.ts';
import './realm.faults.ts';
// The last one: it installs us, and whoever has installed us has policies in force that the others know nothing of.
import './grant.network.ts';
