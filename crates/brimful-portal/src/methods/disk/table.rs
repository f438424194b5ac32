//! The methods of the drive, and what handles each.

use std::borrow::Cow;

use super::{
    FILE, FOLDER, add_folder, add_folder_to_storage, attached, copy, delete, external_link,
    folder_children, get, mark_deleted, move_to, rename, rename_storage, restore, restore_version,
    search, share, storage_children, storage_of_application, storages, upload, upload_to_storage,
    upload_version, version, versions,
};
use crate::methods::method::{Handler, Method, read, write};

pub(crate) fn methods() -> Vec<Method> {
    let mut methods = Vec::new();
    objects(&mut methods);
    folders_and_storages(&mut methods);
    methods
}

/// What the drive does with folders and files alike.
fn objects(methods: &mut Vec<Method>) {
    macro_rules! objects {
        ($name:literal, $kind:ident) => {
            methods.extend([
                read!("disk", concat!("disk.", $name, ".get"), get::<{ $kind }>),
                write!(
                    "disk",
                    concat!("disk.", $name, ".rename"),
                    rename::<{ $kind }>
                ),
                write!(
                    "disk",
                    concat!("disk.", $name, ".copyto"),
                    copy::<{ $kind }>
                ),
                write!(
                    "disk",
                    concat!("disk.", $name, ".moveto"),
                    move_to::<{ $kind }>
                ),
                write!(
                    "disk",
                    concat!("disk.", $name, ".markdeleted"),
                    mark_deleted::<{ $kind }>
                ),
                write!(
                    "disk",
                    concat!("disk.", $name, ".restore"),
                    restore::<{ $kind }>
                ),
                read!(
                    "disk",
                    concat!("disk.", $name, ".getexternallink"),
                    external_link::<{ $kind }>
                ),
            ]);
        };
    }
    objects!("folder", FOLDER);
    objects!("file", FILE);
}

/// What the drive does with folders, files or storages alone.
fn folders_and_storages(methods: &mut Vec<Method>) {
    methods.extend([
        read!("disk", "disk.folder.getchildren", folder_children),
        write!("disk", "disk.folder.addsubfolder", add_folder),
        write!("disk", "disk.folder.uploadfile", upload),
        write!("disk", "disk.folder.deletetree", delete::<FOLDER>),
        read!("disk", "disk.folder.sharetouser", share),
        write!("disk", "disk.file.delete", delete::<FILE>),
        write!("disk", "disk.file.uploadversion", upload_version),
        read!("disk", "disk.file.getversions", versions),
        write!("disk", "disk.file.restorefromversion", restore_version),
        read!("disk", "disk.file.search", search),
        read!("disk", "disk.version.get", version),
        read!("disk", "disk.attachedobject.get", attached),
        write!("disk", "disk.storage.getlist", storages),
        write!("disk", "disk.storage.getforapp", storage_of_application),
        write!("disk", "disk.storage.rename", rename_storage),
        read!("disk", "disk.storage.getchildren", storage_children),
        write!("disk", "disk.storage.addfolder", add_folder_to_storage),
        write!("disk", "disk.storage.uploadfile", upload_to_storage),
    ]);
}
