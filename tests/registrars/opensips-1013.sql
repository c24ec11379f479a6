-- OpenSIPS's location table as it is since 2.4 (version 1013), with rows such as its working modes write:
-- ids out of its memory (62 bits) and out of a sequence, methods in its own bits, local dates.
CREATE TABLE version (table_name CHAR(32) NOT NULL, table_version INTEGER NOT NULL);
INSERT INTO version VALUES ('location', 1013);
CREATE TABLE location (
  contact_id BIGINT PRIMARY KEY NOT NULL, username CHAR(64) DEFAULT '' NOT NULL, domain CHAR(64),
  contact TEXT NOT NULL, received CHAR(255), path CHAR(255), expires INTEGER NOT NULL,
  q FLOAT DEFAULT 1.0 NOT NULL, callid CHAR(255) DEFAULT 'Default-Call-ID' NOT NULL,
  cseq INTEGER DEFAULT 13 NOT NULL, last_modified DATETIME DEFAULT '1900-01-01 00:00:01' NOT NULL,
  flags INTEGER DEFAULT 0 NOT NULL, cflags CHAR(255), user_agent CHAR(255) DEFAULT '' NOT NULL,
  socket CHAR(64), methods INTEGER, sip_instance CHAR(255), kv_store TEXT, attr CHAR(255));
INSERT INTO location VALUES
  (4611686018427387903, 'alice', 'example.net', 'sip:alice@10.0.0.1:5071', 'sip:127.0.0.1:50789',
   '<sip:edge;lr>', 2000000600, 0.7, 'a@host', 12, '2033-05-18 03:33:20', 0, 'SIP_PING NAT', 'ua/1',
   'udp:127.0.0.1:5095', 303, '<urn:uuid:1>', '{}', 'x'),
  (7, 'o''hara', NULL, 'sip:o''hara@127.0.0.1', NULL, NULL, 0, -1, 'b@host', 13, '1900-01-01 00:00:01', 0,
   NULL, '', NULL, NULL, NULL, NULL, NULL),
  (70368744177665, 'bob', NULL, 'sip:bob@127.0.0.1', NULL, NULL, 2000000900, 1, 'c@host', 3,
   '2033-01-18 03:33:20', 0, NULL, 'ua/2', 'tcp:127.0.0.1:5095', 32, NULL, NULL, NULL);
