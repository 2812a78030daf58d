//! Messages about deliveries as a whole: held, rejected, applied, the fault report, import, the database.

messages! {
    wrong_key() zh "密钥与这个数据库不符" en "the key does not belong to this database";
    newer_schema(found, known) zh "数据库是更新版本的程序写的（结构版本 {found}，本程序只认得 {known}）" en "the database was written by a newer version of the program (schema {found}, this one knows {known})";
    no_database() zh "数据库还不存在：请先运行 kongchuo run 或 kongchuo import" en "there is no database yet: run `kongchuo run` or `kongchuo import` first";
    damaged_database() zh "数据库中有一项内容读不出来；请从备份恢复" en "something in the database cannot be read; restore a backup";
    database_unusable() zh "数据库无法读写；请检查磁盘空间和文件权限" en "the database cannot be read or written; check disk space and permissions";
}
